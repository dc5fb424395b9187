import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { blake3Text, sha3Text } from '@cap/crypto';
import { jcs, jcsText, type JsonValue } from '@cap/core';
import { compilePolicy, type CompiledPolicy } from '@cap/policy';
import { readBundle } from '@cap/proof/bundle';
import { CHECK_IDS, type CheckId, type CheckStatus } from '../report/checks.js';
import type { VerificationOptions, VerificationSources } from '../inputs.js';
import { newSigner, signerRecord, trustStore, verify, zipped } from '../verification.fixture.js';
import { claimsFor } from './claims.js';
import {
  CLAIMS,
  compact,
  legacyFiles,
  legacyZip,
  POLICY,
  pretty,
  signer,
  type LegacyRecipe,
} from './legacy.fixture.js';

const GOOD: Record<CheckId, CheckStatus> = {
  ...(Object.fromEntries(CHECK_IDS.map((id) => [id, 'skipped'])) as Record<CheckId, CheckStatus>),
  'meta.schema': 'ok',
  'meta.units': 'ok',
  'files.hash': 'ok',
  'files.unlisted': 'ok',
  'manifest.schema': 'ok',
  'manifest.commitments': 'ok',
  'signature.present': 'ok',
  'signature.valid': 'ok',
  'signer.trusted': 'ok',
  'signer.validity': 'ok',
  'policy.pinned': 'ok',
  'policy.status': 'ok',
  'policy.hash': 'ok',
  'proof.container': 'ok',
  'proof.backend': 'ok',
  'proof.binding': 'ok',
  'proof.valid': 'ok',
  'proof.claimed-only': 'warn',
  'legacy.format': 'warn',
};
const skipped = (...ids: CheckId[]) => Object.fromEntries(ids.map((id) => [id, 'skipped' as const]));
const META: CheckId[] = ['meta.schema', 'meta.units', 'files.hash', 'files.unlisted'];
const SIGNED: CheckId[] = ['signature.valid', 'signer.trusted', 'signer.validity'];
const POLICIES: CheckId[] = ['policy.pinned', 'policy.status', 'policy.hash'];
const PROOF: CheckId[] = ['proof.container', 'proof.backend', 'proof.binding', 'proof.valid', 'proof.claimed-only'];
const UNBOUND = skipped('proof.valid');
/** Nothing that hangs on the manifest can be judged. */
const NO_MANIFEST = {
  ...skipped('manifest.commitments', 'signature.present', ...SIGNED, ...POLICIES, 'proof.binding', 'proof.valid'),
  'manifest.schema': 'fail',
} as const;
const NO_PROOF = { ...skipped(...PROOF), 'proof.container': 'fail' } as const;

const CLAIMED = { require_at_least_one_ubo: 'claimed', supplier_count_max: 'claimed' };
const UNPROVEN = { require_at_least_one_ubo: 'unproven', supplier_count_max: 'unproven' };

interface Case {
  recipe?: LegacyRecipe;
  sources?: Partial<VerificationSources>;
  options?: Partial<VerificationOptions>;
  result?: 'warn' | 'fail';
  /** The checks that are not as GOOD says; the table is exact. */
  checks?: Partial<Record<CheckId, CheckStatus>>;
  rules?: Record<string, string>;
}

const sourcesOf = (policy: CompiledPolicy = POLICY): VerificationSources => ({
  policy: null,
  policyByHash: (hash) => (hash === policy.policy_hash ? { compiled: policy, status: 'active' } : null),
  trust: trustStore({ signers: [signerRecord(signer)] as never[] }),
});
const policyWith = (constraints: Record<string, JsonValue>) =>
  compilePolicy({ ...POLICY.document, constraints: { ...(POLICY.document.constraints as object), ...constraints } });

const other = newSigner();
const base64 = (text: string) => Buffer.from(Buffer.from(text).toString('base64'));
const setFile = (name: string, content: string | Buffer) => (files: Map<string, Buffer>) =>
  void files.set(name, Buffer.from(content));
const another = (manifest: Record<string, JsonValue>) => void (manifest.created_at = '2025-11-07T12:00:00+00:00');
const namedBy = (hashOf: (manifest: string) => string) => (proof: Record<string, JsonValue>) => {
  const manifest = JSON.parse(
    legacyFiles({ manifest: another, signers: [] }).get('manifest.json')!.toString(),
  ) as Record<string, JsonValue>;
  proof.manifest_hash = hashOf(JSON.stringify(manifest));
};
const reparsed = (text: string) => JSON.parse(text) as Record<string, JsonValue>;
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const FOREIGN = {
  'SHA3 of the raw bytes': namedBy((text) => sha3Text(pretty(reparsed(text)))),
  'SHA3 of the key-sorted JSON': namedBy((text) => sha3Text(jcsText(reparsed(text)))),
  'SHA3 of the JSON in order': namedBy((text) => sha3Text(compact(reparsed(text)))),
  'BLAKE3 of the pretty-printed file': namedBy((text) => blake3Text(pretty(reparsed(text)))),
};

const CASES: Record<string, Case> = {
  // Every generation, judged by a verifier who holds all it needs.
  'cap-bundle.v1, manifest.v1.0, proof.v0': {},
  'cap-bundle.v1, manifest.v0, proof.v0': { recipe: { manifestVersion: 'manifest.v0' } },
  'cap-bundle.v1, manifest.v0, proof.v1': {
    recipe: { manifestVersion: 'manifest.v0', proofVersion: 'proof.v1' },
  },
  'cap-bundle.v1, manifest.v1.0, proof.v1': { recipe: { proofVersion: 'proof.v1' } },
  'two files, proof.v0': { recipe: { container: 'pair' }, checks: skipped(...META) },
  'two files, proof.v1': { recipe: { container: 'pair', proofVersion: 'proof.v1' }, checks: skipped(...META) },
  'a proof without a version, told by its members': { recipe: { proof: (proof) => void delete proof.version } },
  'a proof.v1 without a version': {
    recipe: { proofVersion: 'proof.v1', proof: (proof) => void delete proof.version },
  },
  'a proof made after signing': {
    recipe: {
      after: (files) => {
        const manifest = reparsed(files.get('manifest.json')!.toString());
        const proof = reparsed(Buffer.from(files.get('proof.dat')!.toString(), 'base64').toString());
        proof.manifest_hash = sha3Text(compact(manifest));
        files.set('proof.dat', base64(compact(proof)));
      },
      container: 'pair',
    },
    checks: skipped(...META),
  },
  'a manifest with its members in another order': {
    recipe: {
      container: 'pair',
      after: (files) => files.set('manifest.json', jcs(reparsed(files.get('manifest.json')!.toString()))),
    },
    checks: skipped(...META),
  },
  'a thousand claims': {
    recipe: {
      claims: { ...CLAIMS, ...Object.fromEntries(Array.from({ length: 998 }, (_, i) => [`rule_${i}`, true])) },
    },
  },
  'a time anchor': {
    recipe: { manifest: (manifest) => void (manifest.time_anchor = { kind: 'tsa', reference: 'a.tsr' }) },
  },
  'base64 with a line end': {
    recipe: { files: (files) => files.set('proof.dat', Buffer.concat([files.get('proof.dat')!, Buffer.from('\n')])) },
  },
  'two signers': {
    recipe: { signers: [signer, other] },
    sources: { trust: trustStore({ signers: [signerRecord(signer), signerRecord(other)] as never[] }) },
  },
  'sizes not recorded': {
    recipe: { meta: (meta) => Object.values(meta.files).forEach((file) => void (file.size = null)) },
  },

  // Integrity.
  'a changed file': {
    recipe: { files: setFile('README.txt', 'read me'), after: setFile('README.txt', 'read ME') },
    result: 'fail',
    checks: { 'files.hash': 'fail' },
  },
  'a wrong size': {
    recipe: { meta: (meta) => void (meta.files['manifest.json']!.size = 7) },
    result: 'fail',
    checks: { 'files.hash': 'fail' },
  },
  'a listed file that is not there': {
    recipe: { files: setFile('README.txt', 'read me'), after: (files) => void files.delete('README.txt') },
    result: 'fail',
    checks: { 'files.hash': 'fail' },
  },
  'an unlisted file is a warning only': {
    recipe: { after: setFile('timestamp.tsr', 'x') },
    checks: { 'files.unlisted': 'warn' },
  },
  'the manifest not there': {
    recipe: { after: (files) => void files.delete('manifest.json') },
    result: 'fail',
    checks: { ...NO_MANIFEST, 'manifest.schema': 'skipped', 'files.hash': 'fail', 'legacy.format': 'fail' },
    rules: {},
  },
  'the proof not there': {
    recipe: { after: (files) => void files.delete('proof.dat') },
    result: 'fail',
    checks: { ...skipped(...PROOF), 'files.hash': 'fail', 'legacy.format': 'fail' },
    rules: UNPROVEN,
  },

  // _meta.json.
  ...Object.fromEntries(
    (
      [
        ['files is no object', (meta) => void Object.assign(meta, { files: [] })],
        ['a hash in capitals', (meta) => void (meta.files['manifest.json']!.hash = `0x${'AB'.repeat(32)}`)],
        ['a size that is text', (meta) => void (meta.files['manifest.json']!.size = '7')],
        ['a name that leaves the directory', (meta) => void (meta.files['../x'] = meta.files['manifest.json']!)],
        ['units that are no list', (meta) => void Object.assign(meta, { proof_units: {} })],
        ['a unit without a manifest', (meta) => void delete meta.proof_units[0]!.manifest_file],
        ['too many units', (meta) => void (meta.proof_units = Array(65).fill(meta.proof_units[0]!))],
      ] satisfies [string, NonNullable<LegacyRecipe['meta']>][]
    ).map(([name, meta]): [string, Case] => [
      `meta.schema: ${name}`,
      {
        recipe: { meta },
        result: 'fail',
        checks: {
          ...NO_MANIFEST,
          ...skipped('manifest.schema', 'meta.units', 'files.hash', 'files.unlisted', ...PROOF),
          'meta.schema': 'fail',
          'legacy.format': 'fail',
        },
        rules: {},
      },
    ]),
  ),
  ...Object.fromEntries(
    (
      [
        ['none', (meta) => void (meta.proof_units = [])],
        ['one id twice', (meta) => void meta.proof_units.push(meta.proof_units[0]!)],
        ['a circle', (meta) => void (meta.proof_units[0]!.depends_on = ['main'])],
        ['a file that is not listed', (meta) => void (meta.proof_units[0]!.proof_file = 'other.dat')],
        ['a manifest in another role', (meta) => void (meta.files['manifest.json']!.role = 'report')],
      ] satisfies [string, NonNullable<LegacyRecipe['meta']>][]
    ).map(([name, meta]): [string, Case] => [
      `meta.units: ${name}`,
      {
        recipe: { meta },
        result: 'fail',
        checks: {
          ...NO_MANIFEST,
          ...skipped('manifest.schema', ...PROOF),
          'meta.units': 'fail',
          'legacy.format': 'fail',
        },
        rules: {},
      },
    ]),
  ),

  // The manifest: signed and named by the proof as it is, so that only its own shape is wrong.
  ...Object.fromEntries(
    (
      [
        ['no supplier root', (manifest) => void delete manifest.supplier_root],
        ['no UBO root', (manifest) => void delete manifest.ubo_root],
        ['no company root', (manifest) => void delete manifest.company_commitment_root],
        ['a root that is no digest', (manifest) => void (manifest.ubo_root = '0xabc')],
        ['a policy hash that is none', (manifest) => void (manifest.policy = { name: '', version: '', hash: '0x1' })],
        ['a policy that is text', (manifest) => void (manifest.policy = 'lksg.v1')],
        ['no policy', (manifest) => void delete manifest.policy],
        ['events_count below zero', (manifest) => void (manifest.audit = { tail_digest: '0x0', events_count: -1 })],
        ['signatures that are no list', (manifest) => void (manifest.signatures = {})],
        ['a member nobody knows', (manifest) => void (manifest.sanctions_root = null)],
        ['a proof member that is null', (manifest) => void (manifest.proof = null)],
      ] satisfies [string, NonNullable<LegacyRecipe['manifest']>][]
    ).map(([name, manifest]): [string, Case] => [
      `manifest.schema: ${name}`,
      { recipe: { manifest }, result: 'fail', checks: NO_MANIFEST, rules: {} },
    ]),
  ),
  'manifest.schema: too many signatures': {
    recipe: { signers: Array(17).fill(signer) as (typeof signer)[] },
    result: 'fail',
    checks: NO_MANIFEST,
    rules: {},
  },
  ...Object.fromEntries(
    Object.entries({
      'not JSON': '{"version":',
      'not UTF-8': Buffer.from([0x22, 0xff, 0x22]),
      null: 'null',
      'a list': '["manifest.v1.0"]',
      empty: '',
      'nested without end': `{"version":${deep(100_000)}}`,
      'nested without end, with an escape': `{"version":${deep(100_000)},"\\u0061":1}`,
      __proto__: '{"__proto__":{"version":"manifest.v1.0"}}',
      'one member twice': '{"version":"manifest.v1.0","version":"manifest.v0"}',
      'a lone surrogate': '{"version":"manifest.v1.0","created_at":"\\ud800"}',
      'no finite number': '{"version":"manifest.v1.0","audit":{"events_count":1e999}}',
      'no version': '{}',
      'an unknown version': '{"version":"manifest.v1.1"}',
      'the current format': '{"schema":"cap-manifest.v2"}',
      'too large': `{"version":"${'x'.repeat(256_000)}"}`,
    }).map(([name, content]): [string, Case] => [
      `legacy.format: manifest: ${name}`,
      {
        recipe: { files: setFile('manifest.json', content) },
        result: 'fail',
        checks: { ...NO_MANIFEST, 'legacy.format': 'fail' },
        rules: {},
      },
    ]),
  ),
  'a company root of other lists': {
    recipe: { manifest: (manifest) => void (manifest.company_commitment_root = manifest.ubo_root!) },
    result: 'fail',
    checks: { 'manifest.commitments': 'fail' },
  },

  // Signatures.
  'no signature': {
    recipe: { signers: [] },
    result: 'fail',
    checks: { ...skipped(...SIGNED), 'signature.present': 'fail' },
  },
  'a signature by a key that nobody trusts': {
    recipe: { signers: [other] },
    checks: { 'signer.trusted': 'warn', 'signer.validity': 'skipped' },
  },
  'no trust store': { sources: { trust: null }, checks: { 'signer.trusted': 'warn', 'signer.validity': 'skipped' } },
  'a revoked signer': {
    sources: {
      trust: trustStore({ signers: [signerRecord(signer, { revoked_at: '2025-12-01T00:00:00Z' })] as never[] }),
    },
    result: 'fail',
    checks: { 'signer.trusted': 'fail' },
  },
  ...Object.fromEntries(
    (
      [
        ['of another key', { signatures: ([first]) => void (first!.pubkey_hex = legacyKey(other)) }],
        ['over another manifest', { signedManifest: another }],
        ['over the manifest without its signatures', { signedManifest: (manifest) => void delete manifest.signatures }],
        ['with another algorithm', { signatures: ([first]) => void (first!.alg = 'ES256') }],
        ['that is cut', { signatures: ([first]) => void (first!.sig_hex = (first!.sig_hex as string).slice(0, -2)) }],
        ['that is not hex', { signatures: ([first]) => void (first!.sig_hex = 'z'.repeat(128)) }],
        ['with a key that is cut', { signatures: ([first]) => void (first!.pubkey_hex = '0x00') }],
        [
          'with a key that is no point',
          { signatures: ([first]) => void (first!.pubkey_hex = `0x02${'00'.repeat(31)}`) },
        ],
        [
          'beside a valid one',
          { signers: [signer, other], signatures: (all) => void (all[1]!.sig_hex = all[0]!.sig_hex!) },
        ],
      ] satisfies [string, LegacyRecipe][]
    ).map(([name, recipe]): [string, Case] => [
      `signature.valid: one ${name}`,
      { recipe, result: 'fail', checks: { ...skipped(...SIGNED), 'signature.valid': 'fail' } },
    ]),
  ),
  'hex in capitals and without 0x': {
    recipe: {
      signatures: ([first]) => {
        first!.pubkey_hex = legacyKey(signer).slice(2).toUpperCase();
        first!.sig_hex = (first!.sig_hex as string).slice(2).toUpperCase();
      },
    },
  },

  // The proof's binding.
  'a proof made before the manifest was changed': {
    recipe: { provenManifest: another },
    result: 'fail',
    checks: { 'proof.binding': 'fail', ...UNBOUND },
    rules: UNPROVEN,
  },
  'a proof.v1 made before the manifest was changed': {
    recipe: {
      proofVersion: 'proof.v1',
      provenManifest: (manifest) => void (manifest.proof = { type: 'none', status: 'pending' }),
    },
    result: 'fail',
    checks: { 'proof.binding': 'fail', ...UNBOUND },
    rules: UNPROVEN,
  },
  ...Object.fromEntries(
    (['proof.v0', 'proof.v1'] as const).flatMap((proofVersion) =>
      Object.entries(FOREIGN).map(([hash, proof]): [string, Case] => [
        `proof.binding: ${proofVersion} of another manifest by ${hash}`,
        {
          recipe: { proofVersion, proof },
          result: 'fail',
          checks: { 'proof.binding': 'fail', ...UNBOUND },
          rules: UNPROVEN,
        },
      ]),
    ),
  ),
  'proof.binding: another policy': {
    recipe: { proof: (proof) => void (proof.policy_hash = `0x${'22'.repeat(32)}`) },
    result: 'fail',
    checks: { 'proof.binding': 'fail', ...UNBOUND },
    rules: UNPROVEN,
  },
  'proof.binding: a policy hash spelled the other way is the same': {
    recipe: { proof: (proof) => void (proof.policy_hash = `sha3-256:${POLICY.policy_hash.slice(2)}`) },
  },

  // What the proof is.
  ...Object.fromEntries(
    (
      [
        ['manifest_hash', 7],
        ['manifest_hash', 'x'],
        ['policy_hash', null],
        ['proof_data', { checked_constraints: {} }],
        ['proof_data', { checked_constraints: [{ name: 'few' }] }],
        ['proof_data', { checked_constraints: [{ name: 'few', ok: 'true' }] }],
        ['proof_data', { checked_constraints: [null] }],
        ['status', true],
      ] as [string, JsonValue][]
    ).map(([member, value]): [string, Case] => [
      `proof.container: proof.v0 with ${member} ${JSON.stringify(value)}`,
      {
        recipe: { proof: (proof) => void (proof[member] = value) },
        result: 'fail',
        checks: NO_PROOF,
        rules: UNPROVEN,
      },
    ]),
  ),
  ...Object.fromEntries(
    (
      [
        ['backend', 1],
        ['constraint_checks', null],
        ['constraint_checks', [{ rule: 'few', result: 'ok' }]],
        ['manifest_hash', []],
      ] as [string, JsonValue][]
    ).map(([member, value]): [string, Case] => [
      `proof.container: proof.v1 with ${member} ${JSON.stringify(value)}`,
      {
        recipe: { proofVersion: 'proof.v1', proof: (proof) => void (proof[member] = value) },
        result: 'fail',
        checks: NO_PROOF,
        rules: UNPROVEN,
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      'not base64': Buffer.from('*'),
      'base64 of no JSON': base64('no'),
      empty: Buffer.alloc(0),
      'nested without end': base64(deep(100_000)),
      'one member twice': base64('{"version":"proof.v0","version":"proof.v1"}'),
      'neither shape': base64('{}'),
      'an unknown version': base64('{"version":"proof.v2","proof_data":{}}'),
      'a version that is no text': Buffer.from('{"version":1,"constraint_checks":[]}'),
      CAPZ: Buffer.from('CAPZ\u0002\0'),
    }).map(([name, content]): [string, Case] => [
      `legacy.format: proof: ${name}`,
      {
        recipe: { files: setFile('proof.dat', content) },
        result: 'fail',
        checks: { ...NO_PROOF, 'legacy.format': 'fail' },
        rules: UNPROVEN,
      },
    ]),
  ),
  'proof.container: more claims than anybody has': {
    recipe: { claims: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`rule_${i}`, true])) },
    result: 'fail',
    checks: NO_PROOF,
    rules: UNPROVEN,
  },
  'proof.backend: one that nobody had': {
    recipe: { proofVersion: 'proof.v1', proof: (proof) => void (proof.backend = 'halo2') },
    result: 'fail',
    checks: { ...skipped(...PROOF), 'proof.container': 'ok', 'proof.backend': 'fail' },
    rules: UNPROVEN,
  },
  'proof.backend: claims are not accepted': {
    options: { accepted: ['disclosure'] },
    result: 'fail',
    checks: { ...skipped(...PROOF), 'proof.container': 'ok', 'proof.backend': 'fail' },
    rules: UNPROVEN,
  },
  'proof.claimed-only: claims are not enough': {
    options: { allowMock: false },
    result: 'fail',
    checks: { 'proof.claimed-only': 'fail' },
  },

  // Claims and rules.
  'a false claim': {
    recipe: { claims: { require_at_least_one_ubo: false, supplier_count_max_10: true } },
    result: 'fail',
    checks: { 'proof.valid': 'fail' },
    rules: { ...CLAIMED, require_at_least_one_ubo: 'violated' },
  },
  'a false claim of a proof.v1': {
    recipe: { proofVersion: 'proof.v1', claims: { require_at_least_one_ubo: true, supplier_count_max: false } },
    result: 'fail',
    checks: { 'proof.valid': 'fail' },
    rules: { ...CLAIMED, supplier_count_max: 'violated' },
  },
  'a false claim under a status that is ok': {
    recipe: { claims: { ...CLAIMS, supplier_count_max_10: false }, proof: (proof) => void (proof.status = 'ok') },
    result: 'fail',
    checks: { 'proof.valid': 'fail' },
    rules: { ...CLAIMED, supplier_count_max: 'violated' },
  },
  'a true and a false claim of one name': {
    recipe: {
      proof: (proof) =>
        void (proof.proof_data = {
          checked_constraints: [true, false, true].map((ok) => ({ name: 'has_ubo_root', ok })),
        }),
    },
    sources: { policyByHash: () => null },
    result: 'fail',
    checks: { 'policy.pinned': 'warn', 'policy.status': 'skipped', 'proof.valid': 'fail' },
    rules: { has_ubo_root: 'violated' },
  },
  'a status that is not ok': {
    recipe: { proof: (proof) => void (proof.status = 'failed') },
    result: 'fail',
    checks: { 'proof.valid': 'fail' },
  },
  'a claim that names no bound': { recipe: { claims: { require_at_least_one_ubo: true, supplier_count_max: true } } },
  'a claim of a tighter bound': {
    recipe: { claims: { require_at_least_one_ubo: true, supplier_count_max_9: true } },
  },
  'a claim of a looser bound says nothing': {
    recipe: { claims: { require_at_least_one_ubo: true, supplier_count_max_11: true } },
    result: 'fail',
    rules: { ...CLAIMED, supplier_count_max: 'unproven' },
  },
  'a false claim of a looser bound': {
    recipe: { claims: { require_at_least_one_ubo: true, supplier_count_max_11: false } },
    result: 'fail',
    checks: { 'proof.valid': 'fail' },
    rules: { ...CLAIMED, supplier_count_max: 'violated' },
  },
  'a claim that is missing': {
    recipe: { claims: { supplier_count_max_10: true } },
    result: 'fail',
    rules: { ...CLAIMED, require_at_least_one_ubo: 'unproven' },
  },
  'claims of other names': {
    recipe: { claims: { has_supplier_root: true, constructor: true } },
    result: 'fail',
    rules: UNPROVEN,
  },
  'a claim that the empty list of owners contradicts': {
    recipe: {
      manifest: (manifest) => {
        manifest.ubo_root = blake3Text('');
        manifest.company_commitment_root = blake3Text(manifest.supplier_root as string, blake3Text(''));
      },
    },
    result: 'fail',
    rules: { ...CLAIMED, require_at_least_one_ubo: 'violated' },
  },
  'no policy: the claims are the rules': {
    recipe: { claims: { has_supplier_root: true, supplier_count_max_10: true } },
    sources: { policyByHash: () => null },
    checks: { 'policy.pinned': 'warn', 'policy.status': 'skipped' },
    rules: { has_supplier_root: 'claimed', supplier_count_max_10: 'claimed' },
  },
  'no policy, a false claim': {
    recipe: { claims: { has_supplier_root: true, has_ubo_root: false } },
    sources: { policyByHash: () => null },
    result: 'fail',
    checks: { 'policy.pinned': 'warn', 'policy.status': 'skipped', 'proof.valid': 'fail' },
    rules: { has_supplier_root: 'claimed', has_ubo_root: 'violated' },
  },
  'another policy than the verifier’s': {
    sources: { policy: { compiled: policyWith({ supplier_count_max: 12 }), status: 'active' } },
    result: 'fail',
    checks: { 'policy.hash': 'fail' },
  },
  'another policy in the proof unit': {
    recipe: { meta: (meta) => void (meta.proof_units[0]!.policy_hash = 'lksg.v1') },
    result: 'fail',
    checks: { 'policy.hash': 'fail' },
  },
  'no policy in the proof unit': { recipe: { meta: (meta) => void delete meta.proof_units[0]!.policy_hash } },
  'a draft': {
    sources: { policyByHash: () => ({ compiled: POLICY, status: 'draft' }) },
    result: 'fail',
    checks: { 'policy.status': 'fail' },
  },

  // What the caller asks.
  'an audience and a nonce that no such proof names': {
    options: { audience: 'auditor', nonce: 'n-1' },
    result: 'fail',
    checks: { 'statement.audience': 'fail', 'statement.nonce': 'fail' },
  },
};

function legacyKey({ publicKey }: typeof signer): string {
  return `0x${publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex')}`;
}

describe('claims that name their bound', () => {
  const { requirements } = policyWith({ supplier_count_max: 10, ubo_count_min: 2 });
  const rules = requirements.map((requirement) => ({ rule_id: requirement.rule_id, requirement }));
  it.each<[string, boolean, string[]]>([
    ['supplier_count_max_9', true, ['supplier_count_max']],
    ['supplier_count_max_10', true, ['supplier_count_max']],
    ['supplier_count_max_11', true, []],
    ['supplier_count_max_9', false, []],
    ['supplier_count_max_10', false, ['supplier_count_max']],
    ['supplier_count_max_11', false, ['supplier_count_max']],
    ['ubo_count_min_1', true, []],
    ['ubo_count_min_2', true, ['ubo_count_min']],
    ['ubo_count_min_3', true, ['ubo_count_min']],
    ['ubo_count_min_1', false, ['ubo_count_min']],
    ['ubo_count_min_2', false, ['ubo_count_min']],
    ['ubo_count_min_3', false, []],
    ['supplier_count_max_', true, []],
    ['supplier_count_max_-1', true, []],
    ['supplier_count_max_9x', true, []],
    ['supplier_count_max9', true, []],
  ])('%s: %s', (name, ok, settled) => {
    expect(claimsFor({ rules }, [{ name, ok }])).toEqual(settled.map((rule_id) => ({ rule_id, ok })));
  });
});

describe('verdicts on bundles of the older program', () => {
  it.each(Object.entries(CASES))(
    '%s',
    async (_, { recipe, sources, options, result = 'warn', checks = {}, rules = CLAIMED }) => {
      const zip = legacyZip(recipe);
      const judge = () => verify(zip, { ...sourcesOf(), ...sources }, options);
      const { report, reportBytes } = await judge();
      expect(Object.fromEntries(report.checks.map(({ id, status }) => [id, status]))).toEqual({ ...GOOD, ...checks });
      expect(Object.fromEntries(report.rules.map(({ rule_id, status }) => [rule_id, status]))).toEqual(rules);
      expect(report.result).toBe(result);
      expect(report.checks.map(({ id }) => id)).toEqual(CHECK_IDS);
      expect(reportBytes).toEqual(jcs(report));
      expect((await judge()).reportBytes).toEqual(reportBytes);
    },
  );

  it('name the generation of every part', async () => {
    const { report } = await verify(
      legacyZip({ proofVersion: 'proof.v1', manifestVersion: 'manifest.v0' }),
      sourcesOf(),
    );
    expect(report.checks.find(({ id }) => id === 'legacy.format')).toMatchObject({
      expected: 'cap-bundle.v3',
      actual: 'cap-bundle.v1, manifest.json: manifest.v0, proof.capz: proof.v1',
    });
  });

  it('name the files by their hashes, and the bundle as any other', async () => {
    const files = legacyFiles({ container: 'pair' });
    const zip = zipped(files);
    const { report, signerKid, company } = await verify(zip, sourcesOf());
    expect(report).toMatchObject({
      bundle_id: blake3Text(zip),
      manifest_hash: sha3Text(files.get('manifest.json')!),
      proof_hash: sha3Text(files.get('proof.dat')!),
      policy_hash: POLICY.policy_hash,
    });
    expect(signerKid).toBe(signer.kid);
    expect(company).toBeNull();
  });

  it('are the same for a directory of the two files', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'pair-'));
    try {
      for (const [name, bytes] of legacyFiles({ container: 'pair' }))
        await writeFile(path.join(directory, name), bytes);
      const { report } = await verify(await readBundle(directory), sourcesOf());
      expect(report.bundle_id).toBeNull();
      expect(report.result).toBe('warn');
      expect(report.rules.map(({ status }) => status)).toEqual(['claimed', 'claimed']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('judge every proof unit, and name the last one', async () => {
    const second = legacyFiles({ proofVersion: 'proof.v1', manifestVersion: 'manifest.v0' });
    const made = (change: LegacyRecipe['files'] = () => undefined) =>
      legacyZip({
        files: (files) => {
          files.set('second.json', second.get('manifest.json')!);
          files.set('second.capz', second.get('proof.capz')!);
          change(files);
        },
        meta: (meta) => {
          meta.files['second.json']!.role = 'manifest';
          meta.files['second.capz']!.role = 'proof';
          meta.proof_units.unshift({
            id: '2',
            manifest_file: 'second.json',
            proof_file: 'second.capz',
            depends_on: ['main'],
          });
        },
      });
    const { report } = await verify(made(), sourcesOf());
    expect(report.result).toBe('warn');
    expect(report.proof_hash).toBe(sha3Text(second.get('proof.capz')!));
    const { report: exchanged } = await verify(
      made((files) => files.set('second.capz', files.get('proof.dat')!)),
      sourcesOf(),
    );
    expect(exchanged.checks.find(({ id }) => id === 'proof.binding')!.status).toBe('fail');
    expect(exchanged.rules.map(({ status }) => status)).toEqual(['unproven', 'unproven']);
  });

  it('take the registry’s time as the time of the signature', async () => {
    const trust = trustStore({ signers: [signerRecord(signer, { revoked_at: '2026-01-20T00:00:00Z' })] as never[] });
    const registryEntry = () => ({ registered_at: '2026-01-10T00:00:00Z' });
    const { report } = await verify(legacyZip(), { ...sourcesOf(), trust, registryEntry }, { checkRegistry: true });
    expect(report.result).toBe('warn');
    expect(report.checks.find(({ id }) => id === 'signer.trusted')!.status).toBe('ok');
    expect(report.checks.find(({ id }) => id === 'registry.match')!.status).toBe('ok');
  });

  it('speak of what was checked, not of what current bundles have', async () => {
    const { report } = await verify(legacyZip({ after: setFile('x', '') }), sourcesOf());
    const messages = report.checks.map(({ message }) => `${message.en} ${message.de}`).join('\n');
    expect(messages).not.toMatch(/covers _meta|CAPZ|statement/iu);
  });
});
