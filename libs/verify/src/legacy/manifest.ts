import { z } from 'zod';
import { blake3Text, sha3Text, type Digest } from '@cap/crypto';
import { type JsonObject, type JsonValue, digest } from '@cap/core';
import { policyHash } from '@cap/policy';
import { parseUnambiguousJson } from './json.js';

const text = z.string().max(1_000);
/** More signatures than anybody needs: each costs a verification. */
const MAX_SIGNATURES = 16;

const GENERATIONS = ['manifest.v0', 'manifest.v1.0'] as const;

// Strict: signatures and proofs cover these members and no others.
const manifestSchema = z.strictObject({
  version: z.enum(GENERATIONS),
  created_at: text,
  supplier_root: digest,
  ubo_root: digest,
  company_commitment_root: digest,
  policy: z.strictObject({
    name: text,
    version: text,
    hash: text.refine((value) => policyHash(value) !== null, 'expected 0x or sha3-256: + 64 lowercase hex digits'),
  }),
  // Without a log the older program wrote `0x0`.
  audit: z.strictObject({ tail_digest: text, events_count: z.int().min(0) }),
  proof: z.strictObject({ type: text, status: text }),
  signatures: z.array(z.strictObject({ alg: text, signer: text, pubkey_hex: text, sig_hex: text })).max(MAX_SIGNATURES),
  time_anchor: z.custom<JsonValue>(() => true).optional(),
});

/** manifest.json of the older program. */
export type LegacyManifest = z.output<typeof manifestSchema>;
export type LegacySignature = LegacyManifest['signatures'][number];

/** What could be read of a part of the bundle: its generation may be known even though the rest is malformed. */
export type ReadResult<T> = { generation: string; value: T } | { generation: string | null; fault: string };

/** Reads a manifest.v0 or manifest.v1.0. Throws CapError `input` for what is not JSON with one reading. */
export function readLegacyManifest(bytes: Buffer, name: string): ReadResult<LegacyManifest> {
  const value = parseUnambiguousJson(bytes, name);
  const version = memberOf(value, 'version');
  const generation = GENERATIONS.find((known) => known === version) ?? null;
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return { generation: parsed.data.version, value: parsed.data };
  const [issue] = parsed.error.issues;
  return { generation, fault: `${[name, ...issue!.path].join('.')}: ${issue!.message}` };
}

export const memberOf = (value: JsonValue, name: string): JsonValue | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, name)
    ? value[name]
    : undefined;

/** The members in the order of the older program, whatever order the file has them in. */
function inOrder(manifest: LegacyManifest, signatures: readonly LegacySignature[]): JsonObject {
  const { policy, audit, proof, time_anchor } = manifest;
  return {
    version: manifest.version,
    created_at: manifest.created_at,
    supplier_root: manifest.supplier_root,
    ubo_root: manifest.ubo_root,
    company_commitment_root: manifest.company_commitment_root,
    policy: { name: policy.name, version: policy.version, hash: policy.hash },
    audit: { tail_digest: audit.tail_digest, events_count: audit.events_count },
    proof: { type: proof.type, status: proof.status },
    signatures: signatures.map(({ alg, signer, pubkey_hex, sig_hex }) => ({ alg, signer, pubkey_hex, sig_hex })),
    ...(time_anchor === undefined ? {} : { time_anchor }),
  };
}

/** What a signature was made over: the compact JSON of the manifest as it stood before signing. */
export const signedMessage = (manifest: LegacyManifest): string => JSON.stringify(inOrder(manifest, []));

/**
 * The hashes by which a proof may name this manifest: each generation of proofs hashed in its own way, and before or
 * after the manifest was signed.
 */
export function manifestNames(manifest: LegacyManifest, bytes: Buffer, proof: 'proof.v0' | 'proof.v1'): Digest[] {
  const names =
    proof === 'proof.v0'
      ? [sha3Text(signedMessage(manifest)), sha3Text(JSON.stringify(inOrder(manifest, manifest.signatures)))]
      : [blake3Text(bytes), blake3Text(JSON.stringify(inOrder(manifest, []), null, 2))];
  return [...new Set(names)];
}

/** BLAKE3 of the two roots as they are written. */
export const companyRoot = ({ supplier_root, ubo_root }: Pick<LegacyManifest, 'supplier_root' | 'ubo_root'>): Digest =>
  blake3Text(supplier_root, ubo_root);

/** The root of a list without rows: there is nothing else that it could be the hash of. */
export const EMPTY_ROOT = blake3Text('');

/** The manifest's policy hash in the 0x form; its schema admits no other text. */
export const legacyPolicyHash = ({ policy }: LegacyManifest): Digest => policyHash(policy.hash)!;
