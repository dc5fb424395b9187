import { EMPTY_TREE_HASH, isTreeSize, nodeHash, TREE_HASH_BYTES } from './tree.js';

/** Proofs come from a party that is not trusted: everything about them is checked, and what does not fit is false. */

const isHash = (bytes: Uint8Array): boolean => bytes.length === TREE_HASH_BYTES;
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);

/** True if the leaf hash stands at `index` in the tree of `size` leaves with this root: RFC 9162 section 2.1.3.2. */
export function verifyInclusion(claim: {
  index: number;
  size: number;
  leafHash: Uint8Array;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}): boolean {
  const { index, size, leafHash, root, proof } = claim;
  if (!isTreeSize(size) || !isTreeSize(index) || index >= size) return false;
  if (![leafHash, root, ...proof].every(isHash)) return false;
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      // A node at the right edge without a sibling goes up as it is.
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && same(hash, root);
}

/** True if the tree of `oldSize` leaves is a prefix of the tree of `newSize` leaves: RFC 9162 section 2.1.4.2. */
export function verifyConsistency(claim: {
  oldSize: number;
  newSize: number;
  oldRoot: Uint8Array;
  newRoot: Uint8Array;
  proof: readonly Uint8Array[];
}): boolean {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  if (!isTreeSize(oldSize) || !isTreeSize(newSize) || oldSize > newSize) return false;
  if (![oldRoot, newRoot, ...proof].every(isHash)) return false;
  if (newSize === 0 && !same(newRoot, EMPTY_TREE_HASH)) return false;
  if (oldSize === newSize) return proof.length === 0 && same(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0 && same(oldRoot, EMPTY_TREE_HASH);

  let node = oldSize - 1;
  let last = newSize - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  // A full old tree is itself the first element, and left out of the proof.
  const [first, ...rest] = node === 0 ? [oldRoot, ...proof] : proof;
  if (first === undefined) return false;
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      newHash = nodeHash(newHash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && same(oldHash, oldRoot) && same(newHash, newRoot);
}
