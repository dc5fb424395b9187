import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeContainer, encodeContainer, HEADER_BYTES, MAX_PAYLOAD_BYTES, type ProofContainer } from './container.js';

const zeros = Buffer.alloc(32);
const example: ProofContainer = { backendId: 3, vkHash: zeros, paramsHash: zeros, payload: Buffer.from('{}') };

const changed = (bytes: Buffer, at: number, value: number) => {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
};
const refusal = (bytes: Uint8Array) => {
  try {
    decodeContainer(bytes);
  } catch (error) {
    return error;
  }
  throw new Error('decoded');
};

describe('CAPZ v2', () => {
  it('has the documented bytes', () => {
    expect(encodeContainer(example).toString('hex')).toBe(
      '4341505a' + '0200' + '03' + '00' + '00'.repeat(32) + '00'.repeat(32) + '02000000' + '0000' + '7b7d',
    );
    expect(HEADER_BYTES).toBe(78);
  });

  it('reads back what was written, vk_hash and params_hash in their places', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        hash,
        hash,
        fc.uint8Array({ maxLength: 300 }),
        (backendId, vkHash, paramsHash, payload) => {
          const read = decodeContainer(encodeContainer({ backendId, vkHash, paramsHash, payload }));
          expect(read.backendId).toBe(backendId);
          expect([...read.vkHash]).toEqual([...vkHash]);
          expect([...read.paramsHash]).toEqual([...paramsHash]);
          expect([...read.payload]).toEqual([...payload]);
        },
      ),
    );
  });

  it('reads a container that is a view into a larger buffer', () => {
    const bytes = encodeContainer(example);
    const inner = Buffer.concat([Buffer.from('junk'), bytes, Buffer.from('junk')]).subarray(4, 4 + bytes.length);
    expect(Buffer.from(decodeContainer(inner).payload).toString()).toBe('{}');
  });

  const bytes = encodeContainer(example);
  const faults: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /0 bytes/],
    ['a cut-off header', bytes.subarray(0, 77), /77 bytes/],
    ['another magic', changed(bytes, 0, 0x63), /CAPZ/],
    ['version 1', changed(bytes, 4, 1), /version 1/],
    ['version 258', changed(bytes, 5, 1), /version 258/],
    ['a reserved byte', changed(bytes, 7, 1), /byte 7/],
    ['a first trailing header byte', changed(bytes, 76, 1), /76 and 77/],
    ['a second trailing header byte', changed(bytes, 77, 1), /76 and 77/],
    ['a payload that is too short', bytes.subarray(0, 79), /declares a payload of 2 bytes, but 1/],
    ['bytes after the payload', Buffer.concat([bytes, Buffer.from([0])]), /declares a payload of 2 bytes, but 3/],
    ['a declared payload over the limit', changed(bytes, 75, 0xff), /at most 100000000/],
  ];
  it.each(faults)('refuses %s', (_, faulty, message) => {
    expect(refusal(faulty)).toMatchObject({
      kind: 'input',
      code: 'proof.container',
      message: expect.stringMatching(message),
    });
  });

  it('leaves the judgement of unknown backends to the registry of backends', () => {
    expect(decodeContainer(changed(bytes, 6, 200)).backendId).toBe(200);
  });

  it('encodes no part that could not be decoded', () => {
    expect(() => encodeContainer({ ...example, backendId: 256 })).toThrow('must be a byte');
    expect(() => encodeContainer({ ...example, vkHash: Buffer.alloc(31) })).toThrow('vk_hash');
    expect(() => encodeContainer({ ...example, paramsHash: Buffer.alloc(33) })).toThrow('params_hash');
    expect(() => encodeContainer({ ...example, payload: new Uint8Array(MAX_PAYLOAD_BYTES + 1) })).toThrow('at most');
  });
});
