import { beforeAll, describe, expect, it } from '@jest/globals';
import { jcs, type JsonObject } from '@cap/core';
import { publicKeyText, sha3Text, signEnvelope } from '@cap/crypto';
import { compilePolicy } from '@cap/policy';
import type { BundleSigner } from '../../proof/src/bundle/write.js';
import { companyCommitmentRoot } from '../../proof/src/manifest/manifest.js';
import { META_PAYLOAD_TYPE } from '@cap/proof/bundle';
import { encodeContainer } from '@cap/proof/prove';
import type { Commitment } from '@cap/proof/manifest';
import { policyOf, RULES } from '../../proof/src/backends/proving.fixture.js';
import { CHECK_IDS, type CheckId, type CheckStatus } from './report/checks.js';
import type { Report } from './report/report.js';
import type { VerificationOptions, VerificationSources } from './inputs.js';
import {
  makeBundle,
  newSigner,
  signerRecord,
  sourcesFor,
  STATEMENT,
  tampered,
  trustStore,
  verify,
  zipped,
  type Made,
  type Recipe,
} from './verification.fixture.js';

/** Statuses of a bundle that is right in every way, judged by a verifier who holds all it needs and asks nothing more. */
const ALL_RIGHT: Record<CheckId, CheckStatus> = {
  ...(Object.fromEntries(CHECK_IDS.map((id) => [id, 'ok'])) as Record<CheckId, CheckStatus>),
  timestamp: 'skipped',
  'statement.audience': 'skipped',
  'statement.nonce': 'skipped',
  'registry.match': 'skipped',
  'legacy.format': 'skipped',
};
const NOTHING_CHECKED = Object.fromEntries(CHECK_IDS.map((id) => [id, 'skipped'])) as Record<CheckId, CheckStatus>;

interface Case {
  recipe?: Recipe;
  zip?: (made: Made) => Buffer;
  sources?: (made: Made) => Partial<VerificationSources>;
  options?: Partial<VerificationOptions>;
  result: Report['result'];
  /** The checks that are not as ALL_RIGHT says; the table is exact. */
  checks: Partial<Record<CheckId, CheckStatus>>;
  /** Status of all rules, or of each; `disclosed` unless given. */
  rules?: string | Record<string, string>;
}

const skipped = (...ids: CheckId[]) => Object.fromEntries(ids.map((id) => [id, 'skipped' as const]));
const MANIFEST: CheckId[] = [
  'files.copies',
  'manifest.schema',
  'manifest.canonical',
  'manifest.commitments',
  'lists.company',
];
const POLICY: CheckId[] = ['policy.pinned', 'policy.status', 'policy.hash'];
const PROOF: CheckId[] = [
  'proof.container',
  'proof.backend',
  'proof.vk',
  'proof.binding',
  'proof.valid',
  'proof.claimed-only',
];
const LISTS: CheckId[] = ['lists.known', 'lists.age'];
const SIGNER: CheckId[] = ['signer.trusted', 'signer.validity', 'statement.signer'];

const ZEROS = Buffer.alloc(32);
const withProof = (change: (proof: Buffer) => Buffer) => (made: Made) =>
  tampered(made, {
    files: (files) => files.set('proof.capz', change(Buffer.from(files.get('proof.capz')!))),
    signers: [made.signer],
  });
const withManifest = (change: (manifest: JsonObject) => Buffer | void) => (made: Made) =>
  tampered(made, {
    files: (files) => {
      const manifest = JSON.parse(files.get('manifest.json')!.toString()) as JsonObject;
      files.set('manifest.json', change(manifest) ?? jcs(manifest));
    },
    signers: [made.signer],
  });
const withCommitments = (change: (commitments: Commitment[]) => Commitment[]) =>
  withManifest((manifest) => {
    const commitments = change(manifest.commitments as unknown as Commitment[]);
    Object.assign(manifest, { commitments, company_commitment_root: companyCommitmentRoot(commitments) });
  });
const withFile = (name: string, change: (bytes: Buffer) => Buffer) => (made: Made) =>
  tampered(made, { files: (files) => files.set(name, change(files.get(name)!)), signers: [made.signer] });
const withInputs = (inputs: JsonObject) => {
  const policy = policyOf(RULES.few, RULES.owned, RULES.clean, RULES.safe);
  return compilePolicy({ ...policy.document, inputs: { ...(policy.document.inputs as JsonObject), ...inputs } });
};
const withMeta = (change: Parameters<typeof tampered>[1]['meta']) => (made: Made) =>
  tampered(made, { meta: change, signers: [made.signer] });
const trusting = (more: Parameters<typeof signerRecord>[1]) => (made: Made) => ({
  trust: trustStore({ signers: [signerRecord(made.signer, more)] as unknown as JsonObject[] }),
});
const SOMEBODY_ELSE = newSigner();
const trusted = (...signers: BundleSigner[]) =>
  trustStore({ signers: signers.map((signer) => signerRecord(signer)) as unknown as JsonObject[] });
const registered = (registered_at: string) => () => ({ registryEntry: () => ({ registered_at }) });
const NO_POLICY = { policyByHash: () => null };
/** A trust store that vouches for the signer, the lists of the bundle and others. */
const trustingLists = (made: Made, others: JsonObject[] = []) =>
  trustStore({
    signers: [signerRecord(made.signer)] as unknown as JsonObject[],
    reference_lists: [
      ...[...made.proving.context.referenceLists.values()]
        .filter(({ list: { hash } }) => others.every((other) => other.hash !== hash))
        .map(({ id, list: { hash }, as_of }) => ({ id, hash, as_of })),
      ...others,
    ],
  });
const withdrawnLists = (made: Made): JsonObject[] =>
  [...made.proving.context.referenceLists.values()].map(({ id, list: { hash }, as_of }) => ({
    ...{ id, hash, as_of },
    withdrawn_at: '2026-01-31',
  }));
const SANCTIONED = { ...RULES.clean, max_age_days: 20 };

const CASES: Record<string, Case> = {
  'everything right': { result: 'ok', checks: {} },

  'meta.schema: unknown version': {
    zip: withMeta((meta) => Object.assign(meta, { schema: 'cap-bundle.v9' })),
    result: 'fail',
    checks: { ...NOTHING_CHECKED, 'meta.schema': 'fail', 'legacy.format': 'fail' },
    rules: {},
  },
  'meta.schema: no version': {
    zip: withMeta((meta) => delete (meta as JsonObject).schema),
    result: 'fail',
    checks: { ...NOTHING_CHECKED, 'meta.schema': 'fail', 'legacy.format': 'fail' },
    rules: {},
  },
  'meta.schema: a member twice': {
    zip: (made) =>
      tampered(made, {
        after: (files) => {
          const meta = files.get('_meta.json')!.toString().replace('{"', '{"label":"another","');
          files.set('_meta.json', Buffer.from(meta));
          files.set('signatures.json', jcs(signEnvelope(META_PAYLOAD_TYPE, Buffer.from(meta), [made.signer])));
        },
      }),
    result: 'fail',
    checks: { ...NOTHING_CHECKED, 'meta.schema': 'fail' },
    rules: {},
  },
  'meta.schema: a program listed': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.set('verify.wasm', ZEROS),
        meta: (meta) => Object.assign(meta.files, { 'verify.wasm': { ...meta.files['README.txt'], role: 'verifier' } }),
        signers: [made.signer],
      }),
    result: 'fail',
    checks: { ...NOTHING_CHECKED, 'meta.schema': 'fail' },
    rules: {},
  },
  'meta.units: none': {
    zip: withMeta((meta) => (meta.proof_units = [])),
    result: 'fail',
    checks: {
      'meta.units': 'fail',
      ...skipped(...MANIFEST, ...POLICY, ...PROOF, 'statement.signer', 'statement.time', ...LISTS),
    },
    rules: {},
  },
  'meta.units: a circle': {
    zip: withMeta((meta) => (meta.proof_units[0]!.depends_on = ['main'])),
    result: 'fail',
    checks: {
      'meta.units': 'fail',
      ...skipped(...MANIFEST, ...POLICY, ...PROOF, 'statement.signer', 'statement.time', ...LISTS),
    },
    rules: {},
  },
  'files.hash: other bytes of the same length': {
    zip: (made) => tampered(made, { after: (files) => files.set('README.txt', Buffer.from('What is in here!')) }),
    result: 'fail',
    checks: { 'files.hash': 'fail' },
  },
  'files.hash: a byte more': {
    zip: (made) => tampered(made, { after: (files) => files.set('README.txt', Buffer.from('What is in here.!')) }),
    result: 'fail',
    checks: { 'files.hash': 'fail' },
  },
  'files.hash: a file is missing': {
    zip: (made) => tampered(made, { after: (files) => files.delete('README.txt') }),
    result: 'fail',
    checks: { 'files.hash': 'fail' },
  },
  'files.hash: the manifest is missing': {
    zip: (made) => tampered(made, { after: (files) => files.delete('manifest.json') }),
    result: 'fail',
    checks: {
      'files.hash': 'fail',
      ...skipped(...MANIFEST, ...POLICY, 'proof.vk', 'proof.binding', 'proof.valid', ...LISTS),
    },
    rules: {},
  },
  'files.hash: the proof is missing': {
    zip: (made) => tampered(made, { after: (files) => files.delete('proof.capz') }),
    result: 'fail',
    checks: { 'files.hash': 'fail', ...skipped(...PROOF) },
    rules: 'unproven',
  },
  'files.unlisted': {
    zip: (made) => tampered(made, { after: (files) => files.set('run.sh', Buffer.from('rm')) }),
    result: 'fail',
    checks: { 'files.unlisted': 'fail' },
  },
  'files.unlisted: not the time stamp': {
    zip: (made) => tampered(made, { after: (files) => files.set('timestamp.tsr', Buffer.from('x')) }),
    result: 'ok',
    checks: {},
  },

  'manifest.schema: not JSON': {
    zip: withManifest(() => Buffer.from('{')),
    result: 'fail',
    checks: {
      'manifest.schema': 'fail',
      ...skipped(
        'files.copies',
        'lists.company',
        'manifest.canonical',
        'manifest.commitments',
        ...POLICY,
        'proof.vk',
        'proof.binding',
        'proof.valid',
        ...LISTS,
      ),
    },
    rules: {},
  },
  'manifest.schema: another version, while the caller names the policy': {
    zip: withManifest((manifest) => void (manifest.schema = 'cap-manifest.v3')),
    sources: ({ policy }) => ({ policy: { compiled: policy, status: 'active' } }),
    result: 'fail',
    checks: {
      'manifest.schema': 'fail',
      ...skipped(
        'files.copies',
        'lists.company',
        'manifest.canonical',
        'manifest.commitments',
        'policy.hash',
        'proof.vk',
        'proof.binding',
        'proof.valid',
        ...LISTS,
      ),
    },
    rules: 'unproven',
  },
  'manifest.canonical: another spelling': {
    zip: withManifest((manifest) => Buffer.from(JSON.stringify(manifest, null, 2))),
    result: 'fail',
    checks: { 'manifest.canonical': 'fail', 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },
  'manifest.commitments: the root is of others': {
    zip: withManifest((manifest) => void (manifest.company_commitment_root = `0x${'00'.repeat(32)}`)),
    result: 'fail',
    checks: { 'manifest.commitments': 'fail', 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },
  'manifest.commitments: a list that no rule is about is not committed to': {
    zip: withCommitments((commitments) => commitments.slice(0, 1)),
    result: 'fail',
    checks: { 'manifest.commitments': 'fail', 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },
  'manifest.commitments: of a list that there is not': {
    zip: withCommitments((commitments) => [...commitments, { ...commitments[0]!, list: 'customers' as never }]),
    result: 'fail',
    checks: { 'manifest.commitments': 'fail', 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },

  'signature.present: no file': {
    zip: (made) => tampered(made, { after: (files) => files.delete('signatures.json') }),
    result: 'fail',
    checks: { 'signature.present': 'fail', ...skipped('signature.valid', ...SIGNER) },
  },
  'signature.present: not an envelope': {
    zip: (made) => tampered(made, { after: (files) => files.set('signatures.json', Buffer.from('[]')) }),
    result: 'fail',
    checks: { 'signature.present': 'fail', ...skipped('signature.valid', ...SIGNER) },
  },
  'signature.present: an envelope nobody signed': {
    zip: (made) => tampered(made, { signers: [] }),
    result: 'fail',
    checks: { 'signature.present': 'fail', ...skipped('signature.valid', ...SIGNER) },
  },
  'signature.valid: _meta.json changed after signing': {
    zip: (made) => {
      const changed = tampered(made, {
        meta: (meta) => (meta.label = 'February'),
        signers: [made.signer],
        after: (files) => files.set('signatures.json', made.files.get('signatures.json')!),
      });
      return changed;
    },
    result: 'fail',
    checks: { 'signature.valid': 'fail', ...skipped(...SIGNER) },
  },
  'signature.valid: another key under the signer’s name': {
    zip: (made) => tampered(made, { signers: [{ ...newSigner(), kid: made.signer.kid }] }),
    result: 'fail',
    checks: { 'signature.valid': 'fail', ...skipped(...SIGNER) },
  },
  'signature.valid: one of two is wrong': {
    zip: (made) => tampered(made, { signers: [made.signer, { ...newSigner(), kid: 'ab'.repeat(16) }] }),
    result: 'fail',
    checks: { 'signature.valid': 'fail', ...skipped(...SIGNER) },
  },
  'signature.valid: one key twice': {
    zip: (made) => tampered(made, { signers: [made.signer, made.signer] }),
    result: 'fail',
    checks: { 'signature.valid': 'fail', ...skipped(...SIGNER) },
  },
  'signature.valid: no key to check it with': {
    zip: (made) =>
      tampered(made, {
        after: (files) => {
          const envelope = JSON.parse(files.get('signatures.json')!.toString()) as { signatures: JsonObject[] };
          delete envelope.signatures[0]!.public_key;
          files.set('signatures.json', jcs(envelope));
        },
      }),
    sources: () => ({ trust: null }),
    result: 'fail',
    checks: { 'signature.valid': 'fail', ...skipped(...SIGNER) },
  },

  'signer.trusted: no trust store': {
    sources: () => ({ trust: null }),
    result: 'warn',
    checks: { 'signer.trusted': 'warn', 'signer.validity': 'skipped' },
  },
  'signer.trusted: not in it': {
    sources: () => ({ trust: trustStore({}) }),
    result: 'warn',
    checks: { 'signer.trusted': 'warn', 'signer.validity': 'skipped' },
  },
  'signer.trusted: one of two': {
    zip: (made) => tampered(made, { signers: [made.signer, newSigner()] }),
    result: 'warn',
    checks: { 'signer.trusted': 'warn' },
  },
  'signer.trusted: revoked': {
    sources: trusting({ revoked_at: '2026-01-20T00:00:00Z' }),
    result: 'fail',
    checks: { 'signer.trusted': 'fail' },
  },
  'signer.trusted: revoked after the registry saw the bundle': {
    sources: (made) => ({
      ...trusting({ revoked_at: '2026-01-20T00:00:00Z' })(made),
      ...registered('2026-01-16T00:00:00Z')(),
    }),
    options: { checkRegistry: true },
    result: 'ok',
    checks: { 'registry.match': 'ok' },
  },
  'signer.trusted: revoked before the registry saw the bundle': {
    sources: (made) => ({
      ...trusting({ revoked_at: '2026-01-20T00:00:00Z' })(made),
      ...registered('2026-01-21T00:00:00Z')(),
    }),
    options: { checkRegistry: true },
    result: 'fail',
    checks: { 'registry.match': 'ok', 'signer.trusted': 'fail' },
  },
  'signer.trusted: the registry’s time counts only if asked for': {
    sources: (made) => ({
      ...trusting({ revoked_at: '2026-01-20T00:00:00Z' })(made),
      ...registered('2026-01-16T00:00:00Z')(),
    }),
    result: 'fail',
    checks: { 'signer.trusted': 'fail' },
  },
  'signer.validity: expired by now': {
    sources: trusting({ valid_to: '2026-01-31T23:59:59Z' }),
    result: 'warn',
    checks: { 'signer.validity': 'warn' },
  },
  'signer.validity: not yet valid': {
    sources: trusting({ valid_from: '2026-02-02T00:00:00Z' }),
    result: 'warn',
    checks: { 'signer.validity': 'warn' },
  },
  'signer.validity: valid at the time asked for': {
    sources: trusting({ valid_to: '2026-01-31T23:59:59Z' }),
    options: { at: '2026-01-31T00:00:00Z' },
    result: 'ok',
    checks: {},
  },
  'signer.validity: expired when the registry saw the bundle': {
    sources: (made) => ({
      ...trusting({ valid_to: '2026-01-16T00:00:00Z' })(made),
      ...registered('2026-01-17T00:00:00Z')(),
    }),
    options: { checkRegistry: true },
    result: 'fail',
    checks: { 'registry.match': 'ok', 'signer.validity': 'fail' },
  },
  'signer.validity: expired since the registry saw the bundle': {
    sources: (made) => ({
      ...trusting({ valid_to: '2026-01-18T00:00:00Z' })(made),
      ...registered('2026-01-17T00:00:00Z')(),
    }),
    options: { checkRegistry: true },
    result: 'ok',
    checks: { 'registry.match': 'ok' },
  },

  'policy.pinned: nobody has it, the bundle’s copy counts as claims': {
    sources: () => NO_POLICY,
    result: 'warn',
    checks: { 'policy.pinned': 'warn', 'policy.status': 'skipped' },
    rules: 'claimed',
  },
  'policy.pinned: nobody has it, and there is no copy': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.delete('policy.json'),
        meta: (meta) => delete meta.files['policy.json'],
        signers: [made.signer],
      }),
    sources: () => NO_POLICY,
    result: 'warn',
    checks: { 'policy.pinned': 'warn', 'policy.status': 'skipped', ...skipped(...LISTS) },
    rules: {},
  },
  'policy.pinned: nobody has it, and the copy is another one': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.set('policy.json', Buffer.from(policyOf(RULES.few).canonicalText)),
        signers: [made.signer],
      }),
    sources: () => NO_POLICY,
    result: 'fail',
    checks: {
      'files.copies': 'fail',
      'policy.pinned': 'warn',
      'policy.status': 'skipped',
      ...skipped(...LISTS),
    },
    rules: {},
  },
  'policy.pinned: by trust.json': {
    sources: (made) => ({
      ...NO_POLICY,
      trust: trustStore({
        signers: [signerRecord(made.signer)] as unknown as JsonObject[],
        policies: [{ hash: made.policy.policy_hash, policy: made.policy.document }],
      }),
    }),
    result: 'ok',
    checks: {},
  },
  'policy.status: deprecated': {
    sources: ({ policy }) => ({ policyByHash: () => ({ compiled: policy, status: 'deprecated' }) }),
    result: 'warn',
    checks: { 'policy.status': 'warn' },
  },
  'policy.status: draft': {
    sources: ({ policy }) => ({ policyByHash: () => ({ compiled: policy, status: 'draft' }) }),
    result: 'fail',
    checks: { 'policy.status': 'fail' },
  },
  'policy.hash: the caller names another policy': {
    sources: () => ({ policy: { compiled: policyOf(RULES.few), status: 'active' } }),
    result: 'fail',
    checks: { 'policy.hash': 'fail', 'proof.binding': 'fail', 'proof.valid': 'skipped', ...skipped(...LISTS) },
    rules: { few: 'unproven' },
  },
  'policy.hash: a proof unit names another policy': {
    zip: withMeta((meta) => (meta.proof_units[0]!.policy_hash = `0x${'12'.repeat(32)}`)),
    result: 'fail',
    checks: { 'policy.hash': 'fail' },
  },

  'proof.container: not CAPZ': {
    zip: withProof(() => Buffer.from('proof')),
    result: 'fail',
    checks: { 'proof.container': 'fail', ...skipped(...PROOF.slice(1)) },
    rules: 'unproven',
  },
  'proof.backend: one that is not built': {
    zip: withProof((proof) => Buffer.concat([proof.subarray(0, 6), Buffer.from([4]), proof.subarray(7)])),
    result: 'fail',
    checks: { 'proof.backend': 'fail', ...skipped(...PROOF.slice(2)) },
    rules: 'unproven',
  },
  'proof.backend: one that is not accepted': {
    options: { accepted: ['mock'] },
    result: 'fail',
    checks: { 'proof.backend': 'fail', ...skipped(...PROOF.slice(2)) },
    rules: 'unproven',
  },
  'proof.backend: another than _meta.json says': {
    zip: withMeta((meta) => (meta.proof_units[0]!.backend = 'mock')),
    result: 'fail',
    checks: { 'proof.backend': 'fail', ...skipped(...PROOF.slice(2)) },
    rules: 'unproven',
  },
  'proof.vk: in the container': {
    zip: withProof((proof) => proof.fill(1, 8, 9)),
    result: 'fail',
    checks: { 'proof.vk': 'fail', ...skipped('proof.binding', 'proof.valid') },
    rules: 'unproven',
  },
  'proof.vk: parameters': {
    zip: withProof((proof) => proof.fill(1, 71, 72)),
    result: 'fail',
    checks: { 'proof.vk': 'fail', ...skipped('proof.binding', 'proof.valid') },
    rules: 'unproven',
  },
  'proof.vk: in _meta.json': {
    zip: withMeta((meta) => (meta.proof_units[0]!.vk_hash = `0x${'12'.repeat(32)}`)),
    result: 'fail',
    checks: { 'proof.vk': 'fail', ...skipped('proof.binding', 'proof.valid') },
    rules: 'unproven',
  },
  'proof.binding: another manifest': {
    zip: withManifest((manifest) => void (manifest.manifest_id = 'm-2')),
    result: 'fail',
    checks: { 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },
  'proof.binding: another statement': {
    zip: withMeta((meta) => (meta.proof_units[0]!.statement.nonce = 'n-2')),
    result: 'fail',
    checks: { 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },
  'proof.binding: a payload that can’t be read': {
    zip: withProof(() =>
      encodeContainer({ backendId: 3, vkHash: ZEROS, paramsHash: ZEROS, payload: Buffer.from('{}') }),
    ),
    result: 'fail',
    checks: { 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },
  'proof.valid: a leaf hash too many': {
    zip: withProof((proof) => {
      const payload = JSON.parse(proof.subarray(78).toString()) as { lists: { leaf_hashes: string[] }[] };
      payload.lists[0]!.leaf_hashes.push(`0x${'ff'.repeat(32)}`);
      return encodeContainer({ backendId: 3, vkHash: ZEROS, paramsHash: ZEROS, payload: jcs(payload) });
    }),
    result: 'fail',
    checks: { 'proof.valid': 'fail' },
    rules: 'unproven',
  },
  'proof.claimed-only: mock': {
    recipe: { backend: 'mock' },
    result: 'warn',
    checks: { 'proof.claimed-only': 'warn' },
    rules: 'claimed',
  },
  'proof.claimed-only: mock, not allowed': {
    recipe: { backend: 'mock' },
    options: { allowMock: false },
    result: 'fail',
    checks: { 'proof.claimed-only': 'fail' },
    rules: 'claimed',
  },
  'proof.claimed-only: naming mock grants nothing': {
    recipe: { backend: 'mock' },
    options: { allowMock: false, accepted: ['mock'] },
    result: 'fail',
    checks: { 'proof.claimed-only': 'fail' },
    rules: 'claimed',
  },

  'statement.signer: another signed': {
    zip: (made) => tampered(made, { signers: [SOMEBODY_ELSE] }),
    sources: (made) => ({ trust: trusted(made.signer, SOMEBODY_ELSE) }),
    result: 'fail',
    checks: { 'statement.signer': 'fail' },
  },
  'statement.signer: a co-signer': {
    zip: (made) => tampered(made, { signers: [SOMEBODY_ELSE, made.signer] }),
    sources: (made) => ({ trust: trusted(made.signer, SOMEBODY_ELSE) }),
    result: 'ok',
    checks: {},
  },
  'statement.signer: changed, and signed by the new one': {
    zip: (made) =>
      tampered(made, {
        meta: (meta) => (meta.proof_units[0]!.statement.signer = publicKeyText(SOMEBODY_ELSE.publicKey)),
        signers: [SOMEBODY_ELSE],
      }),
    sources: (made) => ({ trust: trusted(made.signer, SOMEBODY_ELSE) }),
    result: 'fail',
    checks: { 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },

  'statement.audience': { options: { audience: 'auditor' }, result: 'ok', checks: { 'statement.audience': 'ok' } },
  'statement.audience: another': {
    options: { audience: 'customer' },
    result: 'fail',
    checks: { 'statement.audience': 'fail' },
  },
  'statement.audience: none': {
    recipe: { statement: { issued_at: STATEMENT.issued_at } },
    options: { audience: 'auditor' },
    result: 'fail',
    checks: { 'statement.audience': 'fail' },
  },
  'statement.nonce': {
    options: { nonce: 'n-1' },
    result: 'ok',
    checks: { 'statement.nonce': 'ok' },
  },
  'statement.nonce: another': {
    options: { nonce: 'n-2' },
    result: 'fail',
    checks: { 'statement.nonce': 'fail' },
  },
  'statement.nonce: none': {
    recipe: { statement: { issued_at: STATEMENT.issued_at } },
    options: { nonce: 'n-1' },
    result: 'fail',
    checks: { 'statement.nonce': 'fail' },
  },
  'statement.time: past its end': {
    options: { at: '2026-02-15T09:30:01Z' },
    result: 'fail',
    checks: { 'statement.time': 'fail' },
  },
  'statement.time: past its end, registered before': {
    sources: registered('2026-02-15T09:30:00Z'),
    options: { checkRegistry: true, now: () => new Date('2026-03-01T00:00:00Z') },
    result: 'ok',
    checks: { 'registry.match': 'ok' },
  },
  'statement.time: registered past its end': {
    sources: registered('2026-02-15T09:30:01Z'),
    options: { checkRegistry: true },
    result: 'fail',
    checks: { 'registry.match': 'ok', 'statement.time': 'fail' },
  },
  'statement.time: without an end': {
    recipe: { statement: { issued_at: STATEMENT.issued_at } },
    options: { at: '2026-12-01T00:00:00Z' },
    result: 'ok',
    checks: {},
  },
  'statement.time: clocks that differ a little': {
    recipe: { statement: { issued_at: '2026-02-01T00:05:00Z' } },
    result: 'ok',
    checks: {},
  },
  'statement.time: issued in days to come': {
    recipe: { statement: { issued_at: '2026-02-01T00:05:01Z' } },
    result: 'fail',
    checks: { 'statement.time': 'fail' },
  },
  'statement.time: a bundle made in days to come': {
    zip: withMeta((meta) => Object.assign(meta, { created_at: '2099-01-01T00:00:00Z' })),
    result: 'fail',
    checks: { 'statement.time': 'fail' },
  },
  'statement.time: judged as of a time before it was issued, though registered': {
    sources: registered('2026-01-20T00:00:00Z'),
    options: { checkRegistry: true, at: '2026-01-10T00:00:00Z' },
    result: 'fail',
    checks: { 'registry.match': 'ok', 'statement.time': 'fail' },
  },

  'lists.company: older than a year': {
    recipe: { statement: { issued_at: STATEMENT.issued_at } },
    sources: trusting({ valid_to: '2030-01-01T00:00:00Z' }),
    options: { at: '2027-01-18T00:00:00Z' },
    result: 'warn',
    checks: { 'lists.company': 'warn' },
  },
  'lists.company: older than a year, registered before': {
    recipe: { statement: { issued_at: STATEMENT.issued_at } },
    sources: registered('2026-01-20T00:00:00Z'),
    options: { checkRegistry: true, at: '2027-01-18T00:00:00Z' },
    result: 'ok',
    checks: { 'registry.match': 'ok' },
  },
  'lists.company: older than the policy says': {
    recipe: { policy: withInputs({ suppliers: { max_age_days: 100 }, ubos: { max_age_days: 10 } }) },
    result: 'warn',
    checks: { 'lists.company': 'warn' },
  },
  'lists.company: as young as the policy says': {
    recipe: { policy: withInputs({ suppliers: { max_age_days: 100 } }) },
    result: 'ok',
    checks: {},
  },
  'lists.company: of a day to come': {
    zip: withManifest((manifest) => void (manifest.as_of = '2026-02-02')),
    result: 'fail',
    checks: { 'lists.company': 'fail', 'proof.binding': 'fail', 'proof.valid': 'skipped' },
    rules: 'unproven',
  },

  'meta.schema: another policy under the role of a manifest': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.set('policy.json', Buffer.from(policyOf(RULES.few).canonicalText)),
        meta: ({ files }) => (files['policy.json']!.role = 'manifest'),
        signers: [made.signer],
      }),
    result: 'fail',
    checks: { ...NOTHING_CHECKED, 'meta.schema': 'fail' },
    rules: {},
  },
  'meta.units: a manifest that no proof is about': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.set('zz.json', files.get('manifest.json')!).set('manifest.json', Buffer.from('{}')),
        meta: (meta) => {
          const bytes = made.files.get('manifest.json')!;
          meta.files['zz.json'] = { ...meta.files['manifest.json']!, hash: sha3Text(bytes), size: bytes.length };
          meta.proof_units[0]!.manifest_file = 'zz.json';
        },
        signers: [made.signer],
      }),
    result: 'fail',
    checks: {
      'meta.units': 'fail',
      ...skipped(...MANIFEST, ...POLICY, ...PROOF, 'statement.signer', 'statement.time', ...LISTS),
    },
    rules: {},
  },
  'files.copies: another policy': {
    zip: withFile('policy.json', () => Buffer.from(policyOf(RULES.few).canonicalText)),
    result: 'fail',
    checks: { 'files.copies': 'fail' },
  },
  'files.copies: no policy': {
    zip: withFile('policy.json', () => Buffer.from('{"rules":[]}')),
    result: 'fail',
    checks: { 'files.copies': 'fail' },
  },
  'files.copies: a shortened list': {
    zip: withFile('reference/sanctions.csv', (list) => list.subarray(0, list.lastIndexOf('\n', list.length - 2) + 1)),
    result: 'fail',
    checks: { 'files.copies': 'fail' },
  },
  'files.copies: lists exchanged': {
    zip: (made) => withFile('reference/sanctions.csv', () => made.files.get('reference/jurisdictions.csv')!)(made),
    result: 'fail',
    checks: { 'files.copies': 'fail' },
  },
  'files.copies: what no proof opens': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.set('disclosure.json', jcs({ schema: 'cap-disclosure.v1', lists: [] })),
        meta: ({ files }) => {
          files['disclosure.json'] = { ...files['policy.json']!, role: 'disclosure' };
          const bytes = jcs({ schema: 'cap-disclosure.v1', lists: [] });
          Object.assign(files['disclosure.json'], { hash: sha3Text(bytes), size: bytes.length });
        },
        signers: [made.signer],
      }),
    result: 'fail',
    checks: { 'files.copies': 'fail' },
  },
  'files.copies: what the proof opens': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.set('disclosure.json', files.get('proof.capz')!.subarray(78)),
        meta: ({ files }) => {
          const bytes = made.files.get('proof.capz')!.subarray(78);
          files['disclosure.json'] = {
            ...files['policy.json']!,
            role: 'disclosure',
            hash: sha3Text(bytes),
            size: bytes.length,
          };
        },
        signers: [made.signer],
      }),
    result: 'ok',
    checks: {},
  },
  'files.copies: none': {
    zip: (made) =>
      tampered(made, {
        files: (files) =>
          ['policy.json', 'reference/sanctions.csv', 'reference/jurisdictions.csv'].map((name) => files.delete(name)),
        meta: ({ files }) =>
          ['policy.json', 'reference/sanctions.csv', 'reference/jurisdictions.csv'].forEach(
            (name) => delete files[name],
          ),
        signers: [made.signer],
      }),
    result: 'ok',
    checks: { 'files.copies': 'skipped' },
  },

  'lists.known: the verifier does not have it': {
    sources: () => ({ referenceList: () => null }),
    result: 'fail',
    checks: { 'lists.known': 'fail', 'lists.age': 'skipped' },
    rules: {
      few: 'disclosed',
      owned: 'disclosed',
      clean: 'unproven',
      safe: 'unproven',
    },
  },
  'lists.known: enclosed, but trust.json does not know it': {
    sources: () => ({ referenceList: undefined }),
    result: 'fail',
    checks: { 'lists.known': 'fail', 'lists.age': 'skipped' },
    rules: {
      few: 'disclosed',
      owned: 'disclosed',
      clean: 'unproven',
      safe: 'unproven',
    },
  },
  'lists.known: enclosed, and trust.json vouches for it': {
    sources: (made) => ({
      referenceList: undefined,
      trust: trustingLists(made),
    }),
    result: 'ok',
    checks: {},
  },
  'lists.known: entries that can match nothing': {
    recipe: { rules: [RULES.cleanUbos], scenario: { idSchemes: { ubos: 'person' } } },
    result: 'warn',
    checks: { 'lists.known': 'warn' },
  },
  'lists.known: withdrawn': {
    sources: (made) => {
      const held = sourcesFor(made).referenceList!;
      const withdrawn_at = '2026-01-31T08:00:00Z';
      return { referenceList: async (hash) => ({ ...(await held(hash))!, newest_as_of: null, withdrawn_at }) };
    },
    result: 'warn',
    checks: { 'lists.known': 'warn' },
  },
  'lists.known: withdrawn after the time asked for': {
    sources: (made) => {
      const held = sourcesFor(made).referenceList!;
      return { referenceList: async (hash) => ({ ...(await held(hash))!, withdrawn_at: '2026-01-31T08:00:00Z' }) };
    },
    options: { at: '2026-01-20T00:00:00Z' },
    result: 'warn',
    checks: { 'lists.known': 'warn' },
  },
  'lists.known: withdrawn by trust.json alone': {
    sources: (made) => ({ trust: trustingLists(made, withdrawnLists(made)) }),
    result: 'warn',
    checks: { 'lists.known': 'warn' },
  },
  'lists.known: enclosed, and withdrawn by the trust.json that vouched for it': {
    sources: (made) => ({ referenceList: undefined, trust: trustingLists(made, withdrawnLists(made)) }),
    result: 'warn',
    checks: { 'lists.known': 'warn' },
  },
  'lists.age: the newer list was withdrawn': {
    sources: (made) => ({
      trust: trustingLists(made, [
        { id: 'sanctions', hash: `0x${'77'.repeat(32)}`, as_of: '2026-01-20', withdrawn_at: '2026-01-21' },
      ]),
    }),
    result: 'ok',
    checks: {},
  },
  'lists.age: older than the policy allows': {
    recipe: { rules: [SANCTIONED] },
    result: 'warn',
    checks: { 'lists.age': 'warn' },
  },
  'lists.age: young enough at the time asked for': {
    recipe: { rules: [SANCTIONED] },
    options: { at: '2026-01-30T00:00:00Z' },
    result: 'ok',
    checks: {},
  },
  'lists.age: young enough when the registry saw the bundle': {
    recipe: { rules: [SANCTIONED] },
    sources: registered('2026-01-30T00:00:00Z'),
    options: { checkRegistry: true },
    result: 'ok',
    checks: { 'registry.match': 'ok' },
  },
  'lists.age: not the newest': {
    sources: (made) => {
      const held = sourcesFor(made).referenceList!;
      return { referenceList: async (hash) => ({ ...(await held(hash))!, newest_as_of: '2026-01-20' }) };
    },
    result: 'warn',
    checks: { 'lists.age': 'warn' },
  },
  'lists.age: the registry knows a newer one than that of trust.json': {
    sources: (made) => ({
      referenceList: () => null,
      newestList: (id) => (id === 'sanctions' ? '2026-01-20' : null),
      trust: trustingLists(made),
    }),
    result: 'warn',
    checks: { 'lists.age': 'warn' },
  },
  'lists.age: trust.json knows a newer one than that of the registry': {
    sources: (made) => ({
      trust: trustingLists(made, [{ id: 'sanctions', hash: `0x${'77'.repeat(32)}`, as_of: '2026-01-20' }]),
    }),
    result: 'warn',
    checks: { 'lists.age': 'warn' },
  },
  'lists.age: a newer list of another id': {
    sources: (made) => ({
      newestList: (id) => (id === 'watched' ? '2026-01-20' : null),
      trust: trustingLists(made, [{ id: 'pep', hash: `0x${'77'.repeat(32)}`, as_of: '2026-01-20' }]),
    }),
    result: 'ok',
    checks: {},
  },
  'lists.age: the same contents, published again': {
    sources: (made) => ({
      trust: trustingLists(
        made,
        [...made.proving.context.referenceLists.values()].map(({ id, list: { hash } }) => ({
          id,
          hash,
          as_of: '2026-01-20',
        })),
      ),
    }),
    result: 'ok',
    checks: {},
  },
  'no reference list used': { recipe: { rules: [RULES.few] }, result: 'ok', checks: { ...skipped(...LISTS) } },

  'registry.match': {
    sources: registered('2026-01-20T00:00:00Z'),
    options: { checkRegistry: true },
    result: 'ok',
    checks: { 'registry.match': 'ok' },
  },
  'registry.match: unknown': {
    sources: () => ({ registryEntry: () => null }),
    options: { checkRegistry: true },
    result: 'fail',
    checks: { 'registry.match': 'fail' },
  },

  'legacy.format: a pair of unknown generation': {
    zip: () =>
      zipped(
        new Map([
          ['manifest.json', Buffer.from('{}')],
          ['proof.dat', Buffer.from('e30=')],
        ]),
      ),
    result: 'fail',
    checks: { ...NOTHING_CHECKED, 'manifest.schema': 'fail', 'proof.container': 'fail', 'legacy.format': 'fail' },
    rules: {},
  },
  'legacy.format: cap-bundle.v1 without files': {
    zip: () =>
      zipped(
        new Map([
          ['_meta.json', Buffer.from('{"schema":"cap-bundle.v1"}')],
          ['manifest.json', Buffer.from('{}')],
        ]),
      ),
    result: 'fail',
    checks: { ...NOTHING_CHECKED, 'meta.schema': 'fail', 'legacy.format': 'fail' },
    rules: {},
  },
};

const reached = new Set<string>();

describe('verdicts', () => {
  let ordinary: Made;
  beforeAll(async () => {
    ordinary = await makeBundle();
  });

  it.each(Object.entries(CASES))(
    '%s',
    async (_, { recipe, zip, sources, options, result, checks, rules = 'disclosed' }) => {
      const made = recipe ? await makeBundle(recipe) : ordinary;
      const { report, reportBytes } = await verify(zip?.(made) ?? made.zip, sourcesFor(made, sources?.(made)), options);
      const statuses = Object.fromEntries(report.checks.map(({ id, status }) => [id, status]));
      for (const [id, status] of Object.entries(statuses)) reached.add(`${id} ${status}`);
      expect(statuses).toEqual({ ...ALL_RIGHT, ...checks });
      expect(report.checks.map(({ id }) => id)).toEqual(CHECK_IDS);
      expect(reportBytes).toEqual(jcs(report));
      expect(Object.fromEntries(report.rules.map(({ rule_id, status }) => [rule_id, status]))).toEqual(
        typeof rules === 'string'
          ? Object.fromEntries(made.policy.requirements.map(({ rule_id }) => [rule_id, rules]))
          : rules,
      );
      expect(report.result).toBe(result);
    },
  );

  it('reach every status that a check can have', () => {
    const all: Record<CheckId, CheckStatus[]> = {
      'meta.schema': ['ok', 'fail', 'skipped'],
      'meta.units': ['ok', 'fail', 'skipped'],
      'files.hash': ['ok', 'fail', 'skipped'],
      'files.unlisted': ['ok', 'fail', 'skipped'],
      'files.copies': ['ok', 'fail', 'skipped'],

      'manifest.schema': ['ok', 'fail', 'skipped'],
      'manifest.canonical': ['ok', 'fail', 'skipped'],
      'manifest.commitments': ['ok', 'fail', 'skipped'],
      'signature.present': ['ok', 'fail', 'skipped'],
      'signature.valid': ['ok', 'fail', 'skipped'],
      'signer.trusted': ['ok', 'warn', 'fail', 'skipped'],
      'signer.validity': ['ok', 'warn', 'fail', 'skipped'],
      timestamp: ['skipped'],
      'policy.pinned': ['ok', 'warn', 'skipped'],
      'policy.status': ['ok', 'warn', 'fail', 'skipped'],
      'policy.hash': ['ok', 'fail', 'skipped'],
      'proof.container': ['ok', 'fail', 'skipped'],
      'proof.backend': ['ok', 'fail', 'skipped'],
      'proof.vk': ['ok', 'fail', 'skipped'],
      'proof.binding': ['ok', 'fail', 'skipped'],
      'proof.valid': ['ok', 'fail', 'skipped'],
      'proof.claimed-only': ['ok', 'warn', 'fail', 'skipped'],
      'statement.signer': ['ok', 'fail', 'skipped'],
      'statement.audience': ['ok', 'fail', 'skipped'],
      'statement.nonce': ['ok', 'fail', 'skipped'],
      'statement.time': ['ok', 'fail', 'skipped'],
      'lists.company': ['ok', 'warn', 'fail', 'skipped'],
      'lists.known': ['ok', 'warn', 'fail', 'skipped'],
      'lists.age': ['ok', 'warn', 'skipped'],
      'registry.match': ['ok', 'fail', 'skipped'],
      'legacy.format': ['fail', 'skipped'],
    };
    expect([...reached].sort()).toEqual(
      Object.entries(all)
        .flatMap(([id, statuses]) => statuses.map((status) => `${id} ${status}`))
        .sort(),
    );
  });
});
