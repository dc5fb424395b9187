import { createHash, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CapError } from '@cap/core';
import {
  consistencyProof,
  consistencyProofIndexes,
  inclusionProof,
  inclusionProofIndexes,
  leafHash,
  MAX_TREE_SIZE,
  nodeHash,
  storedHashCount,
  storedHashesForAppend,
  storedHashIndex,
  treeHash,
  treeHashIndexes,
  type HashReader,
} from './tree.js';
import { verifyConsistency, verifyInclusion } from './tree-proofs.js';

/** Of all pairs of leaf and tree every 20th by default, all with CAP_TEST_SCALE=20; a seed makes a run again. */
const STRIDE = Math.max(1, Math.round(20 / Number(process.env.CAP_TEST_SCALE ?? 1)));
const SEED = Number(process.env.CAP_TEST_SEED ?? randomInt(2 ** 31));
const LARGEST = 1025;
const TIME_LIMIT = 900_000 / STRIDE + 30_000;
const isSampled = (i: number, size: number) => i <= 1 || i >= size - 1 || (i + size * 7 + SEED) % STRIDE === 0;

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof CapError) return error.code;
    throw error;
  }
  return 'nothing thrown';
};

/** The tree of RFC 6962 section 2.1 word for word, over whole arrays and with its own hashing. */
class NaiveTree {
  private readonly known = new Map<number, Buffer>();
  constructor(private readonly leaves: readonly Uint8Array[]) {}

  mth(from: number, to: number): Buffer {
    const key = from * 4096 + to;
    let hash = this.known.get(key);
    if (!hash) this.known.set(key, (hash = this.compute(from, to)));
    return hash;
  }
  private compute(from: number, to: number): Buffer {
    const sha = createHash('sha256');
    if (to - from === 1) return sha.update(Buffer.of(0)).update(this.leaves[from]!).digest();
    if (to > from) {
      const k = from + NaiveTree.split(to - from);
      sha.update(Buffer.of(1)).update(this.mth(from, k)).update(this.mth(k, to));
    }
    return sha.digest();
  }
  private static split(n: number): number {
    for (let k = 1; ; k *= 2) if (k < n && n <= 2 * k) return k;
  }
  path(m: number, from: number, to: number): Buffer[] {
    if (to - from === 1) return [];
    const k = NaiveTree.split(to - from);
    return m < k
      ? [...this.path(m, from, from + k), this.mth(from + k, to)]
      : [...this.path(m - k, from + k, to), this.mth(from, from + k)];
  }
  subproof(m: number, from: number, to: number, b: boolean): Buffer[] {
    const n = to - from;
    if (m === n) return b ? [] : [this.mth(from, to)];
    const k = NaiveTree.split(n);
    return m <= k
      ? [...this.subproof(m, from, from + k, b), this.mth(from + k, to)]
      : [...this.subproof(m - k, from + k, to, false), this.mth(from, from + k)];
  }
}

/** Stored hashes in memory. */
class MemoryLog implements HashReader {
  readonly stored: Buffer[] = [];
  reads: number[][] = [];
  size = 0;
  readHashes(indexes: readonly number[]): Buffer[] {
    this.reads.push([...indexes]);
    return indexes.map((index) => this.stored[index]!);
  }
  append(...leaves: Uint8Array[]): Buffer {
    const { firstIndex, hashes, size, root } = storedHashesForAppend(leaves.map(leafHash), this.size, this);
    expect(firstIndex).toBe(this.stored.length);
    this.stored.push(...hashes);
    this.size = size;
    return root;
  }
}

const leaves = Array.from({ length: LARGEST }, (_, i) => Buffer.from(`leaf ${i}`));
const naive = new NaiveTree(leaves);
const log = new MemoryLog();
/** roots[n] of the tree of n leaves, as each single append gave it. */
const roots = [treeHash(0, log), ...leaves.map((leaf) => log.append(leaf))];

describe('RFC 6962 tree: known answers', () => {
  // The inputs and roots of the reference implementation (google/certificate-transparency, transparency-dev/merkle testonly).
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const known = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const reference = new MemoryLog();
  for (const input of inputs) reference.append(Buffer.from(input, 'hex'));
  const hex = (hashes: readonly Uint8Array[]) => hashes.map((hash) => Buffer.from(hash).toString('hex'));

  it('gives the published roots of 0..8 leaves', () => {
    expect(hex(known.map((_, size) => treeHash(size, reference)))).toEqual(known);
  });

  it('gives the published inclusion proofs', () => {
    expect(hex(inclusionProof(0, 8, reference))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(hex(inclusionProof(5, 8, reference))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(inclusionProof(2, 3, reference))).toEqual([known[2]]);
    expect(inclusionProof(0, 1, reference)).toEqual([]);
  });

  it('gives the published consistency proofs', () => {
    expect(hex(consistencyProof(6, 8, reference))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(consistencyProof(2, 5, reference))).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
    expect(consistencyProof(8, 8, reference)).toEqual([]);
    expect(consistencyProof(0, 8, reference)).toEqual([]);
  });

  it('stores the hashes in the order of golang.org/x/mod/sumdb/tlog', () => {
    const order = [0, 1, 2, 3, 4, 5, 6, 7];
    const nodes = [
      [0, 0],
      [0, 1],
      [1, 0],
      [0, 2],
      [0, 3],
      [1, 1],
      [2, 0],
      [0, 4],
    ] as const;
    expect(nodes.map(([level, n]) => storedHashIndex(level, n))).toEqual(order);
    expect([0, 1, 2, 3, 4, 5, 8].map(storedHashCount)).toEqual([0, 1, 3, 4, 7, 8, 15]);
    expect(reference.stored).toHaveLength(15);
    expect(reference.stored[14]!.toString('hex')).toBe(known[8]);
  });
});

describe(`RFC 6962 tree: against a naive second implementation, 1..${LARGEST} leaves (seed ${SEED})`, () => {
  it('has the same roots, as appended and as read back', () => {
    for (let size = 0; size <= LARGEST; size++) {
      const expected = naive.mth(0, size);
      if (!expected.equals(roots[size]!) || !expected.equals(treeHash(size, log)))
        throw new Error(`another root at ${size} leaves`);
    }
  });

  it('has the same stored hashes and root however the leaves are batched', () => {
    for (const batch of [2, 3, 16, 256, LARGEST]) {
      const batched = new MemoryLog();
      for (let at = 0; at < LARGEST; at += batch) {
        const root = batched.append(...leaves.slice(at, at + batch));
        expect(root).toEqual(roots[batched.size]);
      }
      expect(Buffer.concat(batched.stored).equals(Buffer.concat(log.stored))).toBe(true);
    }
  });

  it(
    'has the same inclusion proofs, and they verify',
    () => {
      let proofs = 0;
      for (let size = 1; size <= LARGEST; size++) {
        for (let index = 0; index < size; index++) {
          if (!isSampled(index, size)) continue;
          const proof = inclusionProof(index, size, log);
          const expected = naive.path(index, 0, size);
          const claim = { index, size, leafHash: leafHash(leaves[index]!), root: roots[size]!, proof };
          if (!Buffer.concat(proof).equals(Buffer.concat(expected)) || !verifyInclusion(claim))
            throw new Error(`leaf ${index} of ${size}`);
          proofs++;
        }
      }
      if (STRIDE === 1) expect(proofs).toBe((LARGEST * (LARGEST + 1)) / 2);
      expect(proofs).toBeGreaterThan(20_000);
    },
    TIME_LIMIT,
  );

  it(
    'has the same consistency proofs, and they verify',
    () => {
      let proofs = 0;
      for (let newSize = 0; newSize <= LARGEST; newSize++) {
        for (let oldSize = 0; oldSize <= newSize; oldSize++) {
          if (!isSampled(oldSize, newSize)) continue;
          const proof = consistencyProof(oldSize, newSize, log);
          const expected = oldSize === 0 ? [] : naive.subproof(oldSize, 0, newSize, true);
          const claim = { oldSize, newSize, oldRoot: roots[oldSize]!, newRoot: roots[newSize]!, proof };
          if (!Buffer.concat(proof).equals(Buffer.concat(expected)) || !verifyConsistency(claim))
            throw new Error(`from ${oldSize} to ${newSize}`);
          proofs++;
        }
      }
      if (STRIDE === 1) expect(proofs).toBe(((LARGEST + 1) * (LARGEST + 2)) / 2);
      expect(proofs).toBeGreaterThan(20_000);
    },
    TIME_LIMIT,
  );
});

/** The bytes with one bit changed, for each bit. */
function* bitFlips(bytes: Uint8Array): Generator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    yield changed;
  }
}
/** The list with one hash bit-flipped, dropped, doubled, exchanged with the next, cut short, or one more. */
function* mutatedLists(proof: readonly Buffer[]): Generator<Buffer[]> {
  for (const [i, hash] of proof.entries()) {
    for (const changed of bitFlips(hash)) yield proof.with(i, changed);
    yield proof.toSpliced(i, 1);
    yield proof.toSpliced(i, 0, hash);
    if (i > 0) yield proof.with(i - 1, hash).with(i, proof[i - 1]!);
    yield proof.with(i, hash.subarray(1));
    yield proof.with(i, Buffer.concat([hash, Buffer.alloc(1)]));
  }
  yield [...proof, Buffer.alloc(32)];
  yield [Buffer.alloc(32), ...proof];
}

describe('proofs that were tampered with', () => {
  it.each([
    [0, 1],
    [0, 2],
    [1, 2],
    [2, 3],
    [6, 7],
    [3, 8],
    [99, 100],
    [64, 100],
    [512, 1025],
    [1024, 1025],
  ])('inclusion of leaf %i of %i: each changed bit and each other leaf fails', (index, size) => {
    const good = {
      index,
      size,
      leafHash: leafHash(leaves[index]!),
      root: roots[size]!,
      proof: inclusionProof(index, size, log),
    };
    expect(verifyInclusion(good)).toBe(true);
    for (const proof of mutatedLists(good.proof)) expect(verifyInclusion({ ...good, proof })).toBe(false);
    for (const changed of bitFlips(good.leafHash)) expect(verifyInclusion({ ...good, leafHash: changed })).toBe(false);
    for (const root of bitFlips(good.root)) expect(verifyInclusion({ ...good, root })).toBe(false);
    for (let other = 0; other < size; other++)
      if (other !== index) expect(verifyInclusion({ ...good, index: other })).toBe(false);
    for (const other of [-1, size, size + 1, index + 0.5, NaN, Infinity, 2 ** 60])
      expect(verifyInclusion({ ...good, index: other })).toBe(false);
    for (const other of [-1, 0, index, size + 0.5, NaN, Infinity, 2 ** 53, 2 ** 60])
      expect(verifyInclusion({ ...good, size: other })).toBe(false);
  });

  it.each([
    [0, 8],
    [1, 2],
    [1, 8],
    [6, 8],
    [7, 8],
    [8, 8],
    [64, 100],
    [65, 100],
    [512, 1025],
    [1023, 1025],
    [1024, 1025],
  ])('consistency from %i to %i: each changed bit fails', (oldSize, newSize) => {
    const good = {
      oldSize,
      newSize,
      oldRoot: roots[oldSize]!,
      newRoot: roots[newSize]!,
      proof: consistencyProof(oldSize, newSize, log),
    };
    expect(verifyConsistency(good)).toBe(true);
    for (const proof of mutatedLists(good.proof)) expect(verifyConsistency({ ...good, proof })).toBe(false);
    for (const oldRoot of bitFlips(good.oldRoot)) expect(verifyConsistency({ ...good, oldRoot })).toBe(false);
    // The empty tree is a prefix of any other.
    if (oldSize > 0)
      for (const newRoot of bitFlips(good.newRoot)) expect(verifyConsistency({ ...good, newRoot })).toBe(false);
    for (const other of [-1, oldSize + 0.5, newSize + 1, NaN, Infinity])
      expect(verifyConsistency({ ...good, oldSize: other })).toBe(false);
    for (const other of [-1, oldSize - 1, newSize + 0.5, NaN, Infinity, 2 ** 53])
      expect(verifyConsistency({ ...good, newSize: other })).toBe(false);
  });

  it('shows that a leaf was changed in an old part of the log', () => {
    const rewritten = new MemoryLog();
    rewritten.append(...leaves.slice(0, 100).with(41, Buffer.from('another')));
    const claim = {
      oldSize: 60,
      newSize: 100,
      oldRoot: roots[60]!,
      newRoot: treeHash(100, rewritten),
      proof: consistencyProof(60, 100, rewritten),
    };
    expect(verifyConsistency(claim)).toBe(false);
    expect(verifyConsistency({ ...claim, oldRoot: treeHash(60, rewritten) })).toBe(true);
  });

  it('refuses a proof that ends below the root of the size that is claimed', () => {
    const short = { oldRoot: roots[3]!, newRoot: roots[4]!, proof: consistencyProof(3, 4, log) };
    expect(verifyConsistency({ oldSize: 3, newSize: 4, ...short })).toBe(true);
    for (const newSize of [5, 8, 100]) expect(verifyConsistency({ oldSize: 3, newSize, ...short })).toBe(false);
    const leaf = { index: 2, leafHash: leafHash(leaves[2]!), root: roots[4]!, proof: inclusionProof(2, 4, log) };
    expect(verifyInclusion({ size: 4, ...leaf })).toBe(true);
    for (const size of [5, 8, 100]) expect(verifyInclusion({ size, ...leaf })).toBe(false);
  });

  it('is not misled by an empty tree with another root', () => {
    const root = Buffer.alloc(32);
    expect(verifyConsistency({ oldSize: 0, newSize: 0, oldRoot: root, newRoot: root, proof: [] })).toBe(false);
    expect(verifyConsistency({ oldSize: 0, newSize: 3, oldRoot: root, newRoot: roots[3]!, proof: [] })).toBe(false);
  });

  it('tells a node from a leaf: a node is not accepted as a leaf of a smaller tree', () => {
    const node = Buffer.concat([leafHash(leaves[0]!), leafHash(leaves[1]!)]);
    const claim = { index: 0, size: 1, root: roots[2]!, proof: [] };
    expect(verifyInclusion({ ...claim, leafHash: nodeHash(leafHash(leaves[0]!), leafHash(leaves[1]!)) })).toBe(true);
    expect(verifyInclusion({ ...claim, leafHash: leafHash(node) })).toBe(false);
  });
});

describe('reading stored hashes', () => {
  /** A tree so large that it can't be kept, of equal leaves: each stored hash depends on its level alone. */
  const levelHashes = [leafHash(Buffer.from('same'))];
  for (let level = 0; level < 52; level++) levelHashes.push(nodeHash(levelHashes[level]!, levelHashes[level]!));
  const levelOf = (index: number): number => {
    let low = 0;
    let high = MAX_TREE_SIZE;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (storedHashIndex(0, middle) <= index) low = middle;
      else high = middle;
    }
    return index - storedHashIndex(0, low);
  };
  const reads: number[][] = [];
  const huge: HashReader = {
    readHashes: (indexes) => {
      reads.push([...indexes]);
      return indexes.map((index) => levelHashes[levelOf(index)]!);
    },
  };
  const readsOf = (action: () => unknown): number[][] => {
    reads.length = 0;
    action();
    return [...reads];
  };

  it.each([2 ** 32 + 1, 2 ** 40 - 1, 2 ** 40 + 12345, MAX_TREE_SIZE - 1, MAX_TREE_SIZE])(
    'proves in a tree of %i leaves, asking once for fewer than 110 hashes',
    (size) => {
      const root = treeHash(size, huge);
      for (const index of [0, 1, 2 ** 31, 2 ** 32 - 1, size - 2, size - 1]) {
        const proof = inclusionProof(index, size, huge);
        expect(verifyInclusion({ index, size, leafHash: levelHashes[0]!, root, proof })).toBe(true);
        const asked = readsOf(() => inclusionProof(index, size, huge));
        expect(asked).toEqual([inclusionProofIndexes(index, size)]);
        expect(asked[0]!.length).toBeLessThan(110);
      }
      for (const oldSize of [1, 2 ** 31 + 5, 2 ** 32, size - 1]) {
        const proof = consistencyProof(oldSize, size, huge);
        const oldRoot = treeHash(oldSize, huge);
        expect(verifyConsistency({ oldSize, newSize: size, oldRoot, newRoot: root, proof })).toBe(true);
        const asked = readsOf(() => consistencyProof(oldSize, size, huge));
        expect(asked).toEqual([consistencyProofIndexes(oldSize, size)]);
        expect(asked[0]!.length).toBeLessThan(110);
      }
      expect(readsOf(() => treeHash(size, huge))).toEqual([treeHashIndexes(size)]);
    },
  );

  it('appends to a tree beyond 32 bits with one read', () => {
    const size = 2 ** 40 - 3;
    let appended!: ReturnType<typeof storedHashesForAppend>;
    const batch = Array.from({ length: 5 }, () => levelHashes[0]!);
    expect(readsOf(() => (appended = storedHashesForAppend(batch, size, huge)))).toEqual([treeHashIndexes(size)]);
    expect(appended.root).toEqual(treeHash(size + 5, huge));
    expect(appended).toMatchObject({ size: size + 5, firstIndex: storedHashCount(size) });
    expect(appended.hashes.map((hash) => levelHashes.findIndex((known) => known.equals(hash)))).toEqual(
      Array.from({ length: storedHashCount(size + 5) - storedHashCount(size) }, (_, i) =>
        levelOf(storedHashCount(size) + i),
      ),
    );
  });

  it('refuses sizes and indexes out of range', () => {
    const refused = [
      () => treeHash(-1, log),
      () => treeHash(1.5, log),
      () => treeHash(MAX_TREE_SIZE + 1, log),
      () => treeHashIndexes(NaN),
      () => inclusionProof(0, 0, log),
      () => inclusionProof(5, 5, log),
      () => inclusionProof(-1, 5, log),
      () => inclusionProof(0.5, 5, log),
      () => consistencyProof(6, 5, log),
      () => consistencyProof(-1, 5, log),
      () => storedHashesForAppend([levelHashes[0]!], MAX_TREE_SIZE, huge),
      () => storedHashesForAppend([Buffer.alloc(31)], 0, log),
    ];
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'log.range'));
  });

  it('says which stored hash is missing or damaged', () => {
    const withHole = (index: number, hole: Buffer | undefined): HashReader => ({
      readHashes: (indexes) => indexes.map((i) => (i === index ? hole! : log.stored[i]!)),
    });
    expect(() => treeHash(5, withHole(7, undefined))).toThrow(/stored hash 7 is missing/);
    expect(() => inclusionProof(4, 5, withHole(6, Buffer.alloc(31)))).toThrow(/stored hash 6 is missing or not 32/);
    expect(codeOf(() => consistencyProof(4, 5, withHole(7, undefined)))).toBe('log.hash-missing');
    expect(codeOf(() => treeHash(5, { readHashes: () => [] }))).toBe('log.hash-missing');
    expect(codeOf(() => storedHashesForAppend([leafHash(leaves[0]!)], 4, withHole(6, undefined)))).toBe(
      'log.hash-missing',
    );
  });
});
