import { CapError } from '@cap/core';
import { sha256 } from '@cap/crypto';

/**
 * The log's Merkle tree: RFC 6962 section 2.1 with SHA-256. Every node over a full power of two of leaves is stored once,
 * when its last leaf arrives, in one sequence: the order of golang.org/x/mod/sumdb/tlog. Nothing stored ever changes, and
 * a tree of n leaves has 2n minus the number of ones in n stored hashes. Appending and proving read O(log n) of them.
 */

/** Leaves a tree can have: beyond it the index of a stored hash is no longer a safe integer. */
export const MAX_TREE_SIZE = 2 ** 52;

export const TREE_HASH_BYTES = 32;

/** MTH({}) of RFC 6962: SHA-256 of nothing. */
export const EMPTY_TREE_HASH: Uint8Array = sha256('');

/**
 * Where the stored hashes are. Each function below asks once, for all that it needs, so that a store can answer with one
 * query; the `…Indexes` functions tell a store that can't answer at once what will be asked.
 */
export interface HashReader {
  /** The stored hashes (32 bytes each) at these indexes, in this order. */
  readHashes(indexes: readonly number[]): readonly Uint8Array[];
}

const LEAF_PREFIX = Buffer.of(0x00);
const NODE_PREFIX = Buffer.of(0x01);

/** RFC 6962 section 2.1: SHA-256(0x00 ‖ leaf). */
export const leafHash = (leaf: Uint8Array): Buffer => sha256(Buffer.concat([LEAF_PREFIX, leaf]));

/** RFC 6962 section 2.1: SHA-256(0x01 ‖ left ‖ right). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  sha256(Buffer.concat([NODE_PREFIX, left, right]));

export const isTreeSize = (size: unknown): size is number =>
  Number.isSafeInteger(size) && (size as number) >= 0 && (size as number) <= MAX_TREE_SIZE;

const half = (n: number): number => Math.floor(n / 2);

/**
 * Index in the stored sequence of the node over the leaves n·2^level … (n+1)·2^level − 1. Level 0 are the leaf hashes.
 * (StoredHashIndex of sumdb/tlog.)
 */
export function storedHashIndex(level: number, n: number): number {
  let lastLeaf = n;
  for (let i = 0; i < level; i++) lastLeaf = 2 * lastLeaf + 1;
  let index = level;
  for (let rest = lastLeaf; rest > 0; rest = half(rest)) index += rest;
  return index;
}

/** How many hashes a tree of `size` leaves stores; also the index of the next one. */
export const storedHashCount = (size: number): number => storedHashIndex(0, size);

/** The leaves from … to − 1, whose hash is a proof's element. */
interface Range {
  from: number;
  to: number;
}

interface StoredNode {
  level: number;
  index: number;
}

/** The stored nodes whose leaves together are the range, left to right: the largest first, as RFC 6962 splits. */
function storedNodes({ from, to }: Range): StoredNode[] {
  const nodes: StoredNode[] = [];
  for (let at = from; at < to;) {
    const { level, width } = largestPowerOfTwoWithin(to - at);
    nodes.push({ level, index: storedHashIndex(level, at / width) });
    at += width;
  }
  return nodes;
}

/** The largest 2^level <= n, for n >= 1; beyond 32 bits too. */
function largestPowerOfTwoWithin(n: number): { level: number; width: number } {
  let level = 0;
  let width = 1;
  for (; width * 2 <= n; width *= 2) level++;
  return { level, width };
}

/** RFC 6962 section 2.1: the left part of n >= 2 leaves is the largest power of two below n. */
const leftWidth = (n: number): number => largestPowerOfTwoWithin(n - 1).width;

/** A tree's right edge is split off node by node: fold from the right. */
const foldRight = (hashes: readonly Uint8Array[]): Buffer =>
  Buffer.from(hashes.reduceRight((right, left) => nodeHash(left, right)));

function read(indexes: readonly number[], reader: HashReader): readonly Uint8Array[] {
  if (indexes.length === 0) return [];
  const hashes = reader.readHashes(indexes);
  for (const [i, index] of indexes.entries())
    if (hashes[i]?.length !== TREE_HASH_BYTES)
      throw new CapError('log.hash-missing', `log: stored hash ${index} is missing or not 32 bytes long`);
  return hashes;
}

const indexesOf = (ranges: readonly Range[]): number[] =>
  ranges.flatMap((range) => storedNodes(range).map(({ index }) => index));

function hashRanges(ranges: readonly Range[], reader: HashReader): Buffer[] {
  const hashes = read(indexesOf(ranges), reader);
  let at = 0;
  return ranges.map((range) => foldRight(hashes.slice(at, (at += storedNodes(range).length))));
}

function checkSize(size: number, what: string): void {
  if (!isTreeSize(size)) throw new CapError('log.range', `log: ${what} is ${size}, expected an integer from 0 to 2^52`);
}

/** What treeHash and storedHashesForAppend read: one stored hash for each 1 in the binary form of `size`. */
export function treeHashIndexes(size: number): number[] {
  checkSize(size, 'tree size');
  return indexesOf([{ from: 0, to: size }]);
}

/** The root of the first `size` leaves: MTH of RFC 6962 section 2.1. 32 bytes. Throws CapError `log.range`, `log.hash-missing`. */
export function treeHash(size: number, reader: HashReader): Buffer {
  checkSize(size, 'tree size');
  if (size === 0) return Buffer.from(EMPTY_TREE_HASH);
  return hashRanges([{ from: 0, to: size }], reader)[0]!;
}

/**
 * What to store when leaves are added to a tree of `size` leaves: the hashes go, in order, to the indexes from `firstIndex`.
 * `root` is the root of the new tree, `size` its size. Throws CapError `log.range`, `log.hash-missing`.
 */
export function storedHashesForAppend(
  leafHashes: readonly Uint8Array[],
  size: number,
  reader: HashReader,
): { firstIndex: number; hashes: Buffer[]; size: number; root: Buffer } {
  checkSize(size, 'tree size');
  checkSize(size + leafHashes.length, 'new tree size');
  // The full subtrees of the tree so far, from left to right; each is wider than the next.
  const nodes = storedNodes({ from: 0, to: size });
  const edge = read(treeHashIndexes(size), reader).map((hash, i) => ({ level: nodes[i]!.level, hash }));
  const hashes: Buffer[] = [];
  const push = (level: number, hash: Buffer) => {
    hashes.push(hash);
    edge.push({ level, hash });
  };
  for (const leaf of leafHashes) {
    push(0, checkedLeafHash(leaf));
    while (edge.length > 1 && edge.at(-1)!.level === edge.at(-2)!.level) {
      const right = edge.pop()!;
      const left = edge.pop()!;
      push(left.level + 1, nodeHash(left.hash, right.hash));
    }
  }
  const root = edge.length === 0 ? Buffer.from(EMPTY_TREE_HASH) : foldRight(edge.map(({ hash }) => hash));
  return { firstIndex: storedHashCount(size), hashes, size: size + leafHashes.length, root };
}

function checkedLeafHash(hash: Uint8Array): Buffer {
  if (hash.length !== TREE_HASH_BYTES)
    throw new CapError('log.range', `log: a leaf hash has ${hash.length} bytes, expected 32`);
  return Buffer.from(hash);
}

/** PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf's sibling up. */
function inclusionRanges(index: number, size: number): Range[] {
  checkSize(size, 'tree size');
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new CapError('log.range', `log: no leaf ${index} in a tree of ${size}`);
  const downwards: Range[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + leftWidth(to - from);
    if (index < middle) {
      downwards.push({ from: middle, to });
      to = middle;
    } else {
      downwards.push({ from, to: middle });
      from = middle;
    }
  }
  return downwards.reverse();
}

export const inclusionProofIndexes = (index: number, size: number): number[] => indexesOf(inclusionRanges(index, size));

/** The audit path of leaf `index` in the tree of the first `size` leaves: RFC 6962 section 2.1.1. Throws CapError `log.range`, `log.hash-missing`. */
export const inclusionProof = (index: number, size: number, reader: HashReader): Buffer[] =>
  hashRanges(inclusionRanges(index, size), reader);

/** SUBPROOF(oldSize, D[newSize], true) of RFC 6962 section 2.1.2. */
function consistencyRanges(oldSize: number, newSize: number): Range[] {
  checkSize(oldSize, 'old tree size');
  checkSize(newSize, 'new tree size');
  if (oldSize > newSize)
    throw new CapError('log.range', `log: the old tree (${oldSize}) is larger than the new one (${newSize})`);
  // Every tree grows out of the empty one, and out of itself: nothing to show.
  if (oldSize === 0 || oldSize === newSize) return [];
  const downwards: Range[] = [];
  let from = 0;
  let to = newSize;
  while (to !== oldSize) {
    const middle = from + leftWidth(to - from);
    if (oldSize <= middle) {
      downwards.push({ from: middle, to });
      to = middle;
    } else {
      downwards.push({ from, to: middle });
      from = middle;
    }
  }
  // The old tree's last full part; the verifier knows it already if it is the whole old tree.
  if (from > 0) downwards.push({ from, to });
  return downwards.reverse();
}

export const consistencyProofIndexes = (oldSize: number, newSize: number): number[] =>
  indexesOf(consistencyRanges(oldSize, newSize));

/**
 * That the first `oldSize` leaves are the same in both trees: RFC 6962 section 2.1.2. Empty if oldSize is 0 or newSize.
 * Throws CapError `log.range`, `log.hash-missing`.
 */
export const consistencyProof = (oldSize: number, newSize: number, reader: HashReader): Buffer[] =>
  hashRanges(consistencyRanges(oldSize, newSize), reader);
