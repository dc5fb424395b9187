import { generateKeyPairSync } from 'node:crypto';
import { jcs, parseJson, type JsonObject } from '@cap/core';
import { kidOf, publicKeyText, sha3Text, signEnvelope, type Digest } from '@cap/crypto';
import type { CompiledPolicy } from '@cap/policy';
import type { BackendName, ProofContext, Statement } from '@cap/proof';
import type { BundleSigner } from '../../proof/src/bundle/write.js';
import { type Bundle, type BundleMeta, readBundle, META_PAYLOAD_TYPE } from '@cap/proof/bundle';
import { writeBundle, encodeContainer, proverFor } from '@cap/proof/prove';
import { writeZip } from '@cap/proof/zip';
import { provingColumns } from '../../proof/src/backends/kzg-columns/proving-columns.fixture.js';
import { policyOf, proving, RULES, type Proving, type Scenario } from '../../proof/src/backends/proving.fixture.js';
import type { TrustedSignerRecord } from './trust/trust-document.js';
import { parseTrustStore, type TrustStore } from './trust/trust-store.js';
import type { VerificationOptions, VerificationSources } from './inputs.js';
import { verifyBundle } from './verify.js';

/** When the fixtures are judged, unless a test says otherwise. */
export const NOW = '2026-02-01T00:00:00Z';

export function newSigner(): BundleSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { kid: kidOf(publicKey), publicKey, privateKey };
}

export const signerRecord = (signer: BundleSigner, more: Partial<TrustedSignerRecord> = {}): TrustedSignerRecord => ({
  kid: signer.kid,
  public_key: publicKeyText(signer.publicKey),
  owner: 'Compliance',
  valid_from: '2026-01-01T00:00:00Z',
  valid_to: '2026-12-31T00:00:00Z',
  ...more,
});

export const trustStore = (members: JsonObject): TrustStore =>
  parseTrustStore(jcs({ schema: 'cap-trust.v2', version: 1, ...members }));

/** A real bundle, and everything a verifier may hold to judge it by. */
export interface Made {
  policy: CompiledPolicy;
  signer: BundleSigner;
  proving: Proving;
  statement: Statement;
  /** The bundle's files by name, signatures included. */
  files: Map<string, Buffer>;
  zip: Buffer;
}

export interface Recipe {
  rules?: JsonObject[];
  /** Instead of the rules. */
  policy?: CompiledPolicy;
  backend?: BackendName;
  scenario?: Scenario;
  statement?: Omit<Statement, 'signer'>;
  signer?: BundleSigner;
  /** Instead of an honest proof: the context that the prover takes for true. */
  provedContext?: (context: ProofContext) => Partial<ProofContext>;
}

export const STATEMENT: Omit<Statement, 'signer'> = {
  audience: 'auditor',
  nonce: 'n-1',
  issued_at: '2026-01-15T09:30:00Z',
  expires_at: '2026-02-15T09:30:00Z',
};

export async function makeBundle({
  rules = [RULES.few, RULES.owned, RULES.clean, RULES.safe],
  policy = policyOf(...rules),
  backend = 'disclosure',
  scenario,
  statement: stated = STATEMENT,
  signer = newSigner(),
  provedContext = () => ({}),
}: Recipe = {}): Promise<Made> {
  const made = backend === 'kzg-columns' ? await provingColumns(policy, scenario) : proving(policy, scenario);
  const statement = { signer: publicKeyText(signer.publicKey), ...stated };
  const context = { ...made.context, statement };
  const { backend: used, prove } = proverFor(context.manifest, backend);
  const proof = await prove({ ...context, ...provedContext(context), policy }, made.lists);
  const { bytes } = writeBundle({
    label: 'January',
    createdAt: '2026-01-15T10:00:00Z',
    manifest: jcs(context.manifest),
    proof: encodeContainer({ backendId: used.id, ...proof }),
    statement,
    policy: Buffer.from(policy.canonicalText),
    references: Object.fromEntries(
      [...context.referenceLists.values()].map(({ id, list }) => [`${id}.csv`, list.bytes]),
    ),
    readme: 'What is in here.',
    signers: [signer],
  });
  const { files } = await readBundle(bytes);
  return { policy, signer, proving: made, statement, files: new Map(files), zip: bytes };
}

interface Tampering {
  /** Changes made to the files before their hashes are taken anew. */
  files?: (files: Map<string, Buffer>) => void;
  /** Changes made to _meta.json after that. */
  meta?: (meta: BundleMeta & JsonObject) => void;
  /** Who signs the result; nobody: signatures.json is left as it was. */
  signers?: BundleSigner[];
  /** Changes made when everything is signed. */
  after?: (files: Map<string, Buffer>) => void;
}

/** The bundle with changes, as an attacker (or, with the signer's key, a dishonest prover) would zip it. */
export function tampered(made: Made, { files: change, meta: changeMeta, signers, after }: Tampering): Buffer {
  const files = new Map(made.files);
  change?.(files);
  if (signers) {
    const meta = parseJson(files.get('_meta.json')!, '_meta.json') as unknown as BundleMeta & JsonObject;
    for (const [name, record] of Object.entries(meta.files)) {
      const bytes = files.get(name);
      if (bytes) Object.assign(record, { hash: sha3Text(bytes), size: bytes.length });
    }
    changeMeta?.(meta);
    // Not JCS: a prover may write what has no canonical form.
    const bytes = Buffer.from(JSON.stringify(meta));
    files.set('_meta.json', bytes);
    files.set('signatures.json', jcs(signEnvelope(META_PAYLOAD_TYPE, bytes, signers)));
  }
  after?.(files);
  return zipped(files);
}

export const zipped = (files: ReadonlyMap<string, Buffer>): Buffer =>
  writeZip(
    [...files].map(([name, bytes]) => ({ name, bytes })),
    new Date('2026-01-15T10:00:00Z'),
  );

/** A verifier that holds the policy and the lists, and trusts the signer. */
export function sourcesFor(made: Made, more: Partial<VerificationSources> = {}): VerificationSources {
  const lists = [...made.proving.context.referenceLists.values()];
  return {
    policy: null,
    policyByHash: (hash: Digest) =>
      hash === made.policy.policy_hash ? { compiled: made.policy, status: 'active' } : null,
    referenceList: (hash: Digest) => {
      const named = lists.find(({ list }) => list.hash === hash);
      return named ? { id: named.id, list: named.list, as_of: named.as_of, newest_as_of: named.as_of } : null;
    },
    trust: trustStore({ signers: [signerRecord(made.signer)] as unknown as JsonObject[] }),
    ...more,
  };
}

const OPTIONS: VerificationOptions = { allowMock: true, now: () => new Date(NOW) };

export const verify = async (
  zip: Bundle | Buffer,
  sources: VerificationSources,
  options: Partial<VerificationOptions> = {},
) => verifyBundle(Buffer.isBuffer(zip) ? await readBundle(zip) : zip, sources, { ...OPTIONS, ...options });
