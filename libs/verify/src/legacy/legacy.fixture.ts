import { sign } from 'node:crypto';
import { blake3Text, rawPublicKey, sha3Text, type Digest } from '@cap/crypto';
import type { JsonObject, JsonValue } from '@cap/core';
import { compilePolicy, type CompiledPolicy } from '@cap/policy';
import type { BundleSigner } from '../../../proof/src/bundle/write.js';
import { SUPPLIERS, UBOS } from '../../../proof/src/backends/proving.fixture.js';
import { newSigner, zipped } from '../verification.fixture.js';

/** How the older program hashed: written out here a second time, by the description of the formats alone. */
export const leafOf = (row: JsonObject): Digest => blake3Text(JSON.stringify(row));
export const rootOf = (rows: readonly JsonObject[]): Digest => blake3Text(rows.map(leafOf).join(''));

export const SUPPLIER_ROOT = rootOf(SUPPLIERS.map(({ name, jurisdiction, tier }) => ({ name, jurisdiction, tier })));
export const UBO_ROOT = rootOf(UBOS.map(({ name, birthdate, citizenship }) => ({ name, birthdate, citizenship })));

export const POLICY: CompiledPolicy = compilePolicy({
  version: 'lksg.v1',
  name: 'Grundregeln',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 10 },
  notes: '',
});

export const CLAIMS = { require_at_least_one_ubo: true, supplier_count_max_10: true };

/** One bundle of the older program, and each way of changing it while it is made; later steps see what earlier ones changed. */
export interface LegacyRecipe {
  container?: 'bundle' | 'pair';
  manifestVersion?: string;
  proofVersion?: 'proof.v0' | 'proof.v1';
  claims?: Record<string, boolean>;
  signers?: BundleSigner[];
  /** The manifest before anything names it. */
  manifest?: (manifest: Record<string, JsonValue>) => void;
  /** The manifest that the proof is made over, where that is not the shipped one. */
  provenManifest?: (manifest: Record<string, JsonValue>) => void;
  proof?: (proof: Record<string, JsonValue>) => void;
  /** The manifest that is signed, where that is not the shipped one. */
  signedManifest?: (manifest: Record<string, JsonValue>) => void;
  signatures?: (signatures: Record<string, JsonValue>[]) => void;
  /** The files, before _meta.json lists them. */
  files?: (files: Map<string, Buffer>) => void;
  meta?: (meta: LegacyMetaJson) => void;
  /** The files as they are shipped. */
  after?: (files: Map<string, Buffer>) => void;
}

interface LegacyMetaJson {
  schema: string;
  bundle_id: string;
  created_at: string;
  files: Record<string, Record<string, JsonValue>>;
  proof_units: Record<string, JsonValue>[];
}

export const signer = newSigner();

const copy = (value: JsonObject) => JSON.parse(JSON.stringify(value)) as Record<string, JsonValue>;
export const compact = (value: JsonObject): string => JSON.stringify(value);
export const pretty = (value: JsonObject): string => JSON.stringify(value, null, 2);

/** Members in the order of the older program. */
function manifestJson(version: string): Record<string, JsonValue> {
  return {
    version,
    created_at: '2025-11-06T12:00:00+00:00',
    supplier_root: SUPPLIER_ROOT,
    ubo_root: UBO_ROOT,
    company_commitment_root: blake3Text(SUPPLIER_ROOT + UBO_ROOT),
    policy: { name: 'Grundregeln', version: 'lksg.v1', hash: POLICY.policy_hash },
    audit: { tail_digest: `0x${'11'.repeat(32)}`, events_count: 4 },
    proof: { type: 'mock', status: 'ok' },
    signatures: [],
  };
}

function proofBytes(recipe: LegacyRecipe, proven: Record<string, JsonValue>): Buffer {
  const claims = Object.entries(recipe.claims ?? CLAIMS);
  if (recipe.proofVersion === 'proof.v1') {
    const proof: Record<string, JsonValue> = {
      version: 'proof.v1',
      manifest_hash: blake3Text(pretty(proven)),
      backend: 'simplified_zk',
      constraint_checks: claims.map(([rule, result]) => ({ rule, result, witness: '0x00' })),
      created_at: '2025-11-06T12:01:00+00:00',
    };
    recipe.proof?.(proof);
    return Buffer.from(pretty(proof));
  }
  const proof: Record<string, JsonValue> = {
    version: 'proof.v0',
    type: 'mock',
    statement: 'policy:lksg.v1',
    manifest_hash: sha3Text(compact(proven)),
    policy_hash: POLICY.policy_hash,
    proof_data: { checked_constraints: claims.map(([name, ok]) => ({ name, ok })) },
    status: claims.every(([, ok]) => ok) ? 'ok' : 'failed',
  };
  recipe.proof?.(proof);
  return Buffer.from(Buffer.from(compact(proof)).toString('base64'));
}

/** The files of the bundle, by name. */
export function legacyFiles(recipe: LegacyRecipe = {}): Map<string, Buffer> {
  const manifest = manifestJson(recipe.manifestVersion ?? 'manifest.v1.0');
  recipe.manifest?.(manifest);

  const proven = copy(manifest);
  recipe.provenManifest?.(proven);
  const proof = proofBytes(recipe, proven);

  const signed = copy(manifest);
  recipe.signedManifest?.(signed);
  const signatures = (recipe.signers ?? [signer]).map(({ publicKey, privateKey }): Record<string, JsonValue> => ({
    alg: 'Ed25519',
    signer: 'Company',
    pubkey_hex: `0x${rawPublicKey(publicKey).toString('hex')}`,
    sig_hex: `0x${sign(null, Buffer.from(compact(signed)), privateKey).toString('hex')}`,
  }));
  recipe.signatures?.(signatures);
  if ('signatures' in manifest && Array.isArray(manifest.signatures)) manifest.signatures = signatures;

  const pair = recipe.container === 'pair';
  const proofName = pair || recipe.proofVersion !== 'proof.v1' ? 'proof.dat' : 'proof.capz';
  const files = new Map([
    ['manifest.json', Buffer.from(pretty(manifest))],
    [proofName, proof],
  ]);
  recipe.files?.(files);
  if (!pair) {
    const meta: LegacyMetaJson = {
      schema: 'cap-bundle.v1',
      bundle_id: '550e8400-e29b-41d4-a716-446655440000',
      created_at: '2025-11-06T12:02:00+00:00',
      files: Object.fromEntries(
        [...files].map(([name, bytes]) => [
          name,
          {
            role: name === 'manifest.json' ? 'manifest' : name === proofName ? 'proof' : 'documentation',
            hash: sha3Text(bytes),
            size: bytes.length,
            content_type: null,
            optional: false,
          },
        ]),
      ),
      proof_units: [
        {
          id: 'main',
          manifest_file: 'manifest.json',
          proof_file: proofName,
          policy_id: POLICY.policy_hash,
          policy_hash: POLICY.policy_hash,
          backend: 'mock',
          depends_on: [],
        },
      ],
    };
    recipe.meta?.(meta);
    files.set('_meta.json', Buffer.from(pretty(meta as unknown as JsonObject)));
  }
  recipe.after?.(files);
  return files;
}

export const legacyZip = (recipe: LegacyRecipe = {}): Buffer => zipped(legacyFiles(recipe));
