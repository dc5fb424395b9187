import { describe, expect, it } from '@jest/globals';
import { jcs } from '@cap/core';
import { newSigner } from '../verification.fixture.js';
import { assertTrustSigned, signTrust } from './trust-signature.js';

const keeper = newSigner();
const store = jcs({ schema: 'cap-trust.v2', version: 1, signers: [] });
const signed = signTrust(store, keeper);
const judge =
  (bytes: Uint8Array, envelope: Uint8Array, key = keeper.publicKey) =>
  () =>
    assertTrustSigned(bytes, envelope, key, 'trust.json');
const changed = (change: (envelope: Record<string, unknown>) => void) => {
  const envelope = JSON.parse(signed.toString()) as Record<string, unknown>;
  change(envelope);
  return Buffer.from(JSON.stringify(envelope));
};

describe('a signed trust store', () => {
  it('is whose it says, in whatever spelling', () => {
    expect(judge(store, signed)).not.toThrow();
    expect(judge(Buffer.concat([Buffer.from('\ufeff'), store]), signed)).not.toThrow();
    expect(judge(Buffer.from(JSON.stringify(JSON.parse(store.toString()), null, 2)), signed)).not.toThrow();
  });

  it.each<[string, () => void, string]>([
    ['another content', judge(jcs({ schema: 'cap-trust.v2', version: 2, signers: [] }), signed), 'another content'],
    ['another key', judge(store, signed, newSigner().publicKey), 'is not by'],
    [
      'another signature',
      judge(
        store,
        changed((e) => (e.signatures = [{ keyid: keeper.kid, sig: 'AAAA' }])),
      ),
      'does not verify',
    ],
    [
      'no signature',
      judge(
        store,
        changed((e) => (e.signatures = [])),
      ),
      'is not by',
    ],
    [
      'a signature of something else',
      judge(
        store,
        changed((e) => (e.payloadType = 'application/x')),
      ),
      'of the type',
    ],
    ['no envelope', judge(store, Buffer.from('{}')), 'trust.json.sig'],
    ['no JSON', judge(store, Buffer.from('x')), 'trust.json.sig'],
  ])('is refused with %s', (_, judgement, why) => {
    expect(judgement).toThrow(
      expect.objectContaining({ code: 'trust.signature', message: expect.stringContaining(why) }),
    );
  });
});
