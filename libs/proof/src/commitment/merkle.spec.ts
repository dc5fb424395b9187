import { describe, expect, it } from '@jest/globals';
import { blake3 } from '@cap/crypto';
import { commitmentRoot, largestPowerOfTwoBelow } from './merkle.js';

const leaf = (i: number) => blake3(`leaf ${i}`);
const count = (n: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(n, 4);
  return bytes;
};
/** The definition, written the other way round: peel perfect subtrees off the right. */
function naiveRoot(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return blake3(Buffer.from('cap.empty.v2'));
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return blake3(
    Buffer.concat([
      Buffer.from('cap.node.v2'),
      count(k),
      naiveRoot(leaves.slice(0, k)),
      count(leaves.length - k),
      naiveRoot(leaves.slice(k)),
    ]),
  );
}

describe('commitment tree', () => {
  it('agrees with a naive second implementation for 0..130 leaves', () => {
    for (let n = 0; n <= 130; n++) {
      const leaves = Array.from({ length: n }, (_, i) => leaf(i));
      expect(commitmentRoot(leaves)).toEqual(naiveRoot(leaves));
    }
  });

  it('splits as RFC 6962 says', () => {
    expect([2, 3, 4, 5, 8, 9, 1025].map(largestPowerOfTwoBelow)).toEqual([1, 2, 2, 4, 4, 8, 1024]);
  });

  it('has another root when a leaf is changed, swapped, added or taken away', () => {
    const leaves = Array.from({ length: 7 }, (_, i) => leaf(i));
    const roots = [
      leaves,
      leaves.slice(0, 6),
      [...leaves, leaf(6)],
      [leaves[1]!, leaves[0]!, ...leaves.slice(2)],
      [...leaves.slice(0, 6), leaf(99)],
    ].map((some) => commitmentRoot(some).toString('hex'));
    expect(new Set(roots).size).toBe(roots.length);
  });
});
