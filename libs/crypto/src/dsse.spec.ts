import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '@cap/core';
import {
  embeddedKey,
  parseEnvelope,
  preAuthenticationEncoding,
  signEnvelope,
  strictBase64,
  verifySignature,
} from './dsse.js';
import { kidOf } from './keys.js';

const keyOf = (seed: string) => {
  const privateKey = createPrivateKey({
    key: Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      Buffer.from(seed.padEnd(64, '0'), 'hex'),
    ]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(privateKey);
  return { kid: kidOf(publicKey), privateKey, publicKey };
};
const signer = keyOf('01');
const other = keyOf('02');
const envelope = () => signEnvelope('application/x', Buffer.from('hello'), [signer]);
const parse = (value: unknown) => parseEnvelope(JSON.parse(JSON.stringify(value)) as JsonValue);

describe('DSSE', () => {
  it('encodes the example of the specification', () => {
    expect(preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  it('signs and verifies, and rejects another payload, type, key or signature', () => {
    const parsed = parse(envelope());
    const [signature] = parsed.signatures;
    expect(verifySignature(parsed, signature!, signer.publicKey)).toBe(true);
    expect(verifySignature(parsed, signature!, other.publicKey)).toBe(false);
    expect(verifySignature({ ...parsed, payloadType: 'application/y' }, signature!, signer.publicKey)).toBe(false);
    expect(verifySignature({ ...parsed, payloadBytes: Buffer.from('hellp') }, signature!, signer.publicKey)).toBe(
      false,
    );
    for (const sig of ['', 'AA==', 'no base64!', `${signature!.sig.slice(0, -4)}AAA=`])
      expect(verifySignature(parsed, { ...signature!, sig }, signer.publicKey)).toBe(false);
  });

  it('believes an embedded key only if it hashes to its keyid', () => {
    const [signature] = parse(envelope()).signatures;
    expect(kidOf(embeddedKey(signature!)!)).toBe(signer.kid);
    expect(embeddedKey({ ...signature!, keyid: other.kid })).toBeNull();
    expect(embeddedKey({ ...signature!, public_key: '0xzz' })).toBeNull();
    expect(embeddedKey({ keyid: signer.kid, sig: '' })).toBeNull();
  });

  it.each([
    ['a member of another format', { ...envelope(), surprise: 1 }],
    [
      'a member of another format in a signature',
      { ...envelope(), signatures: [{ ...envelope().signatures[0], cert: 'x' }] },
    ],
    ['an array', []],
    ['no payload', { payloadType: 'x', signatures: [] }],
    ['a payload that is not base64', { payload: '???', payloadType: 'x', signatures: [] }],
    ['no signatures', { payload: '', payloadType: 'x' }],
    ['a signature without keyid', { payload: '', payloadType: 'x', signatures: [{ sig: '' }] }],
    ['a key that is not text', { payload: '', payloadType: 'x', signatures: [{ keyid: '', sig: '', public_key: 1 }] }],
    ['null', null],
  ])('refuses %s', (_name, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ kind: 'input' }));
  });

  it('takes base64 in one spelling', () => {
    expect(strictBase64('AAE=', 'x')).toEqual(Buffer.from([0, 1]));
    const long = Buffer.alloc(12_000_000, 7);
    expect(strictBase64(long.toString('base64'), 'x').equals(long)).toBe(true);
    expect(() => strictBase64(`${long.toString('base64')}*`, 'x')).toThrow(/^x: not base64/);
    for (const bad of ['AAE', 'AAF=', 'AA E=', 'AAE=\n', 'AA-_', '=', 'A==='])
      expect(() => strictBase64(bad, 'x')).toThrow(/^x: /);
  });
});
