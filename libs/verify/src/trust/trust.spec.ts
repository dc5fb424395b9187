import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { formatVerifierKey, verifierKey } from '@cap/tlog/notes';
import { jcs, type JsonObject } from '@cap/core';
import { kidOf, publicKeyText, sha3Text } from '@cap/crypto';
import { compilePolicy, type CompiledPolicy } from '@cap/policy';
import { policyOf, RULES } from '../../../proof/src/backends/proving.fixture.js';
import {
  addToTrust,
  emptyTrustDocument,
  parseTrustDocument,
  trustDocumentBytes,
  type TrustedSignerRecord,
} from './trust-document.js';
import { parseTrustStore } from './trust-store.js';

const { publicKey } = generateKeyPairSync('ed25519');
const signer: TrustedSignerRecord = {
  kid: kidOf(publicKey),
  public_key: publicKeyText(publicKey),
  owner: 'Compliance',
  valid_from: '2026-01-01T00:00:00Z',
  valid_to: '2026-12-31T00:00:00Z',
};
const HASH = `0x${'11'.repeat(32)}` as const;
const OTHER = `0x${'22'.repeat(32)}` as const;
// The keys of examples/vectors/receipt.json.
const LOG_KEY = 'log.example/cap/1+ac9affa4+ARZFlCAxsHbyWY4p2tZylej26HMXiR9AY6tdlk8JAtXZ';
const WITNESS_KEY = 'witness.example+45aafb5a+BF3i2j19pKKSCZWoihPNFeVVT+rnDAY53If6lrMLKJ16';
/** A key under a name. */
const verifierKeyOf = (type: 'ed25519' | 'cosignature/v1', name: string, key = publicKey) =>
  formatVerifierKey(verifierKey(type, name, key));
const trusting = ({ policy_hash, document: policy }: CompiledPolicy) =>
  document({ policies: [{ hash: policy_hash, policy }] });
const document = (members: object) => jcs({ schema: 'cap-trust.v2', version: 1, ...members });

describe('parseTrustStore', () => {
  it('gives keys by kid, as hex or PEM', () => {
    for (const public_key of [signer.public_key, publicKey.export({ type: 'spki', format: 'pem' })]) {
      const store = parseTrustStore(document({ signers: [{ ...signer, public_key }] }));
      expect(store.signer(signer.kid)).toMatchObject({ owner: 'Compliance', revoked_at: null });
      expect(store.signer(signer.kid)!.key.equals(publicKey)).toBe(true);
      expect(store.signer('00'.repeat(16))).toBeUndefined();
    }
  });

  it('is named by SHA3-256 of its canonical form, whatever the spelling', () => {
    const bytes = document({ signers: [signer] });
    const spelled = Buffer.from(JSON.stringify(JSON.parse(bytes.toString()), null, 3));
    expect(parseTrustStore(bytes).hash).toBe(sha3Text(bytes));
    expect(parseTrustStore(spelled).hash).toBe(sha3Text(bytes));
    expect(parseTrustStore(Buffer.concat([Buffer.from('\ufeff'), bytes])).hash).toBe(sha3Text(bytes));
  });

  it('compiles policies, found by their hash in either spelling', () => {
    const { policy_hash, document: policy } = policyOf(RULES.few);
    for (const hash of [policy_hash, policy_hash.replace('0x', 'sha3-256:')])
      expect(parseTrustStore(document({ policies: [{ hash, policy }] })).policy(policy_hash)!.policy_hash).toBe(
        policy_hash,
      );
  });

  it('takes a policy that is only lax in style', () => {
    const { legal_basis: _none, ...rest } = policyOf(RULES.few).document;
    const lax = compilePolicy(rest, { lintMode: 'relaxed' });
    expect(parseTrustStore(trusting(lax)).policy(lax.policy_hash)).toMatchObject({ policy_hash: lax.policy_hash });
  });

  it('says whom to believe about a log', () => {
    const { logTrust } = parseTrustStore(
      document({ log_keys: [LOG_KEY], witness_keys: [WITNESS_KEY], witness_threshold: 1 }),
    );
    expect(logTrust.logKeys.map(formatVerifierKey)).toEqual([LOG_KEY]);
    expect(logTrust.witnessKeys.map(formatVerifierKey)).toEqual([WITNESS_KEY]);
    expect(logTrust.witnessThreshold).toBe(1);
    expect(parseTrustStore(document({})).logTrust).toEqual({ logKeys: [], witnessKeys: [], witnessThreshold: 0 });
  });

  it('knows the newest list of an id', () => {
    const reference_lists = [
      { id: 'sanctions', hash: HASH, as_of: '2026-01-10' },
      { id: 'sanctions', hash: OTHER, as_of: '2026-01-10T08:00:00Z' },
      { id: 'jurisdictions', hash: `0x${'33'.repeat(32)}`, as_of: '2026-03-01' },
    ];
    const store = parseTrustStore(document({ reference_lists }));
    expect(store.referenceList(HASH)).toEqual({
      id: 'sanctions',
      as_of: '2026-01-10',
      newest_as_of: '2026-01-10T08:00:00Z',
      withdrawn_at: null,
    });
    expect(store.referenceList(OTHER)!.newest_as_of).toBe('2026-01-10T08:00:00Z');
    expect(store.referenceList(`0x${'44'.repeat(32)}`)).toBeUndefined();
  });

  it('a withdrawn list is not the newest', () => {
    const withdrawn = { id: 'sanctions', hash: HASH, as_of: '2026-01-10', withdrawn_at: '2026-01-12' };
    const listsOf = (reference_lists: JsonObject[]) => parseTrustStore(document({ reference_lists }));
    const alone = listsOf([withdrawn]);
    expect(alone.referenceList(HASH)).toMatchObject({ newest_as_of: null, withdrawn_at: '2026-01-12' });
    const both = listsOf([withdrawn, { id: 'sanctions', hash: OTHER, as_of: '2026-01-01' }]);
    expect(both.referenceList(HASH)!.newest_as_of).toBe('2026-01-01');
    expect(() => listsOf([{ ...withdrawn, withdrawn_at: 'yes' }])).toThrow(/reference_lists\.0\.withdrawn_at/);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['no JSON', Buffer.from('{'), /my-trust/],
    [
      'a member twice',
      Buffer.from('{"schema":"cap-trust.v2","signers":[],\n"signers":[]}'),
      /^my-trust.*"signers".*line 2/,
    ],
    ['another version', jcs({ schema: 'cap-trust.v9', version: 1 }), /schema/],
    ['an unknown member', document({ friends: [] }), /friends/],
    [
      'a kid of another key',
      document({ signers: [{ ...signer, kid: '00'.repeat(16) }] }),
      /signers\.0.*public_key is the key/,
    ],
    ['a broken key', document({ signers: [{ ...signer, public_key: 'x' }] }), /signers\.0\.public_key/],
    ['one key twice', document({ signers: [signer, signer] }), /duplicate key/],
    [
      'an end before the beginning',
      document({ signers: [{ ...signer, valid_to: '2025-01-01T00:00:00Z' }] }),
      /valid_to/,
    ],
    ['a time without Z', document({ signers: [{ ...signer, revoked_at: '2026-01-01' }] }), /revoked_at/],
    [
      'a policy under another hash',
      document({ policies: [{ hash: HASH, policy: policyOf(RULES.few).document }] }),
      /policies\.0/,
    ],
    [
      'a policy with a lint error',
      trusting(policyOf(RULES.few, { ...RULES.owned, op: 'roughly' })),
      /my-trust\.json: policies\.0: E2001: rule .*roughly/,
    ],
    ['a log key that is none', document({ log_keys: ['log.example'] }), /my-trust\.json: log_keys\.0: expected name/],
    [
      'a log key under another name',
      document({ log_keys: [LOG_KEY.replace('log', 'lag')] }),
      /log_keys\.0: the key id is ac9affa4/,
    ],
    ['a witness key as a log key', document({ log_keys: [WITNESS_KEY] }), /log_keys\.0: a witness's key/],
    ['a log key as a witness key', document({ witness_keys: [LOG_KEY] }), /witness_keys\.0: a log's key/],
    [
      'a threshold above the number of witnesses',
      document({ witness_keys: [WITNESS_KEY], witness_threshold: 2 }),
      /witness_threshold is 2, more than the witnesses there are: 1/,
    ],
    [
      'a threshold that counts one witness twice',
      document({
        witness_keys: ['a', 'b'].map((name) => verifierKeyOf('cosignature/v1', name)),
        witness_threshold: 2,
      }),
      /there are: 1/,
    ],
    [
      'a threshold that counts the log itself',
      document({
        log_keys: [verifierKeyOf('ed25519', 'log.example/1')],
        witness_keys: [verifierKeyOf('cosignature/v1', 'log.example/1')],
        witness_threshold: 1,
      }),
      /there are: 0/,
    ],
    ['a policy that is none', document({ policies: [{ hash: HASH, policy: [] }] }), /policies\.0/],
  ])('refuses %s', (_, bytes, place) => {
    expect(() => parseTrustStore(bytes, 'my-trust.json')).toThrow(
      expect.objectContaining({ kind: 'input', code: 'trust.invalid', message: expect.stringMatching(place) }),
    );
  });
});

describe('addToTrust', () => {
  it('adds one thing at a time, a version further each', () => {
    const { policy_hash, document: policy } = policyOf(RULES.few);
    let trust = addToTrust(emptyTrustDocument(), { signer });
    trust = addToTrust(trust, { policy: { hash: policy_hash, policy } });
    trust = addToTrust(trust, { referenceList: { id: 'sanctions', hash: HASH, as_of: '2026-01-10' } });
    expect(trust).toMatchObject({
      version: 4,
      signers: [signer],
      policies: [{ hash: policy_hash }],
      reference_lists: [{ hash: HASH }],
    });
    expect(parseTrustDocument(trustDocumentBytes(trust)).document).toEqual(trust);
  });

  it('a list that was withdrawn stays so when it is added again', () => {
    const referenceList = { id: 'sanctions', hash: HASH, as_of: '2026-01-10' } as const;
    const withdrawn = { ...referenceList, withdrawn_at: '2026-01-12' };
    const again = addToTrust({ ...emptyTrustDocument(), reference_lists: [withdrawn] }, { referenceList });
    expect(again.reference_lists).toEqual([withdrawn]);
  });

  it('replaces the record of the same key', () => {
    const before = addToTrust(emptyTrustDocument(), { signer });
    const revoked = { ...signer, revoked_at: '2026-05-01T00:00:00Z' };
    expect(addToTrust(before, { signer: revoked }).signers).toEqual([revoked]);
    expect(before.signers).toEqual([signer]);
  });

  it('adds keys of logs and witnesses once, and sets the threshold', () => {
    const additions = [
      { logKey: LOG_KEY },
      { logKey: LOG_KEY },
      { witnessKey: WITNESS_KEY },
      { witnessKey: WITNESS_KEY },
      { witnessThreshold: 1 },
    ];
    expect(additions.reduce(addToTrust, emptyTrustDocument())).toMatchObject({
      version: 6,
      log_keys: [LOG_KEY],
      witness_keys: [WITNESS_KEY],
      witness_threshold: 1,
    });
    expect(() => addToTrust(emptyTrustDocument(), { witnessThreshold: 1 })).toThrow(/witness_threshold is 1/);
  });

  it('refuses what no trust store may hold', () => {
    expect(() => addToTrust(emptyTrustDocument(), { signer: { ...signer, kid: 'x' } })).toThrow(
      expect.objectContaining({ code: 'trust.invalid' }),
    );
    expect(() => addToTrust(emptyTrustDocument(), { policy: { hash: 'x', policy: {} as JsonObject } })).toThrow();
  });
});

describe('adding a signer again', () => {
  it('never takes a revocation back', () => {
    const { revoked_at: _time, ...keeper } = signer;
    const revoked = addToTrust(emptyTrustDocument(), { signer: { ...keeper, revoked_at: '2026-02-01T00:00:00Z' } });
    expect(addToTrust(revoked, { signer: keeper }).signers).toMatchObject([{ revoked_at: '2026-02-01T00:00:00Z' }]);
    const later = addToTrust(revoked, { signer: { ...keeper, revoked_at: '2026-03-01T00:00:00Z' } });
    expect(later.signers).toMatchObject([{ revoked_at: '2026-02-01T00:00:00Z' }]);
  });
});
