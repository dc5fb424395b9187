import { describe, expect, it } from '@jest/globals';
import {
  blake3,
  blake3Text,
  digestBytes,
  digestText,
  isDigest,
  lengthPrefixed,
  sha256,
  sha3,
  sha3Text,
  streamingBlake3,
  streamingSha3,
} from './hash.js';

describe('hashes', () => {
  it('gives the published values for the empty input', () => {
    expect(sha3('').toString('hex')).toBe('a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a');
    expect(sha256('').toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(blake3('').toString('hex')).toBe('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262');
  });

  it('have none of a text with a lone surrogate, which would be hashed like U+FFFD', () => {
    const malformed = expect.objectContaining({ kind: 'input', code: 'text.malformed' });
    for (const hash of [sha3, sha3Text, sha256, blake3, blake3Text, lengthPrefixed])
      for (const text of ['\ud800', 'a\udc00b']) expect(() => hash(text)).toThrow(malformed);
    expect(blake3('\u{1f331}')).toEqual(blake3(Buffer.from('\u{1f331}', 'utf8')));
  });

  it('hashes a known leaf pre-image', () => {
    expect(blake3Text('{"name":"ACME GmbH","jurisdiction":"DE","tier":1}')).toBe(
      '0x31942afffb1e91955bc3ba208797f071874c442f4133bb9e49cce062580b40d3',
    );
  });

  it('concatenates parts, strings as UTF-8', () => {
    expect(blake3('grü', Buffer.from('n'))).toEqual(blake3(Buffer.from('grün', 'utf8')));
  });

  it('streams several hashes at once without mixing them', async () => {
    const [a, b] = [await streamingBlake3(), await streamingBlake3()];
    a.update(Buffer.from('left '));
    b.update(Buffer.from('right '));
    expect(blake3('meanwhile')).toHaveLength(32);
    a.update(Buffer.from('side'));
    b.update(Buffer.from('side'));
    expect(a.digest()).toBe(blake3Text('left side'));
    expect(b.digest()).toBe(blake3Text('right side'));
    const c = streamingSha3();
    c.update(Buffer.from('ab'));
    c.update(Buffer.from('c'));
    expect(c.digest()).toBe(sha3Text('abc'));
  });

  it('reads digests in one spelling only', () => {
    const text = blake3Text('x');
    expect(digestText(digestBytes(text))).toBe(text);
    for (const bad of [
      text.slice(2),
      text.toUpperCase(),
      `${text}0`,
      text.slice(0, -1),
      `${text}\n`,
      '',
      'sha3-256:aa',
    ]) {
      expect(isDigest(bad)).toBe(false);
      expect(() => digestBytes(bad)).toThrow(RangeError);
    }
    expect(isDigest(7)).toBe(false);
  });

  it('prefixes a field with its length in bytes, little endian', () => {
    expect(lengthPrefixed('ü').toString('hex')).toBe('02000000c3bc');
    expect(lengthPrefixed('').toString('hex')).toBe('00000000');
  });
});
