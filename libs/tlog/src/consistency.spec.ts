import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@cap/core';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.js';
import { signCheckpoint } from './checkpoint.fixture.js';
import {
  consistencyFault,
  consistencyProofJson,
  needsConsistencyProof,
  parseConsistencyProof,
  type ConsistencyProof,
} from './consistency.js';
import { codeOf, phraseKey } from './log-keys.fixture.js';
import { consistencyProof, leafHash, storedHashesForAppend, treeHash, type HashReader } from './tree.js';

const ORIGIN = 'log.example/cap/1';

/** A log whose leaves are numbers, from `first` on something else. */
function logOf(size: number, first = size) {
  const stored: Buffer[] = [];
  const reader: HashReader = { readHashes: (indexes) => indexes.map((index) => stored[index]!) };
  const leaves = Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`${i}${i < first ? '' : ' or not'}`)));
  stored.push(...storedHashesForAppend(leaves, 0, reader).hashes);
  const checkpoint = (of: number, origin = ORIGIN): SignedCheckpoint =>
    parseCheckpoint(signCheckpoint({ origin, size: of, root: treeHash(of, reader), extensions: [] }, phraseKey('log')));
  const proof = (from: number, to: number): ConsistencyProof => ({
    from,
    to,
    proof: consistencyProof(from, to, reader),
    checkpoint: checkpoint(to),
  });
  return { checkpoint, proof };
}

const log = logOf(11);
const forked = logOf(11, 5);

describe('consistency proof', () => {
  it('is read as it was written', () => {
    for (const [from, to] of [
      [0, 0],
      [0, 7],
      [4, 7],
      [3, 11],
    ] as const) {
      const proof = log.proof(from, to);
      expect(parseConsistencyProof(consistencyProofJson(proof))).toEqual(proof);
    }
  });

  const json = consistencyProofJson(log.proof(3, 7));
  it.each<[string, unknown, RegExp]>([
    ['no object', [], /not an object/],
    ['an unknown member', { ...json, leaf: '' }, /unknown member leaf/],
    ['no checkpoint', { ...json, checkpoint: undefined }, /checkpoint is not a string/],
    ['sizes in the wrong order', { ...json, from: 8 }, /from is not/],
    ['a size that is no number', { ...json, to: '7' }, /to is not/],
    ['a proof of something else', { ...json, proof: ['AA=='] }, /proof\[0\]: 1 bytes/],
    ['a proof without end', { ...json, proof: Array(54).fill(json.proof[0]) }, /at most 53/],
    ['a checkpoint that is none', { ...json, checkpoint: 'x' }, /checkpoint/],
    ['the checkpoint of another tree', { ...json, to: 8 }, /to is 8, the checkpoint's tree size is 7/],
  ])('is not read with %s', (_, value, message) => {
    expect(codeOf(() => parseConsistencyProof(value as JsonObject))).toBe('consistency.malformed');
    expect(() => parseConsistencyProof(value as JsonObject)).toThrow(message);
  });
});

describe('consistencyFault', () => {
  const code = (...args: Parameters<typeof consistencyFault>) => consistencyFault(...args)?.code ?? null;

  it('finds none between any two sizes of one log', () => {
    for (let to = 0; to <= 11; to++)
      for (let from = 0; from <= to; from++)
        expect(code(log.checkpoint(from), log.checkpoint(to), log.proof(from, to))).toBeNull();
  });

  it('needs no proof from the empty tree, and to the same', () => {
    for (const [from, to] of [
      [0, 7],
      [7, 7],
    ] as const) {
      expect(needsConsistencyProof(log.checkpoint(from), log.checkpoint(to))).toBe(false);
      expect(code(log.checkpoint(from), log.checkpoint(to), null)).toBeNull();
    }
    expect(needsConsistencyProof(log.checkpoint(3), log.checkpoint(7))).toBe(true);
    expect(code(log.checkpoint(3), log.checkpoint(7), null)).toBe('consistency.proof');
  });

  it.each<[string, Parameters<typeof consistencyFault>, string, RegExp]>([
    [
      'a tree that shrank',
      [log.checkpoint(7), log.checkpoint(3), log.proof(3, 7)],
      'consistency.size',
      /never shrinks/,
    ],
    ['two trees of one size', [log.checkpoint(7), forked.checkpoint(7), null], 'consistency.fork', /different/],
    [
      'a tree that grew out of another one',
      [log.checkpoint(7), forked.checkpoint(11), forked.proof(7, 11)],
      'consistency.proof',
      /root to root/,
    ],
    [
      'the proof of other sizes',
      [log.checkpoint(3), log.checkpoint(11), log.proof(4, 11)],
      'consistency.proof',
      /from 4 to 11 leaves, the checkpoints have 3 and 11/,
    ],
    [
      'two epochs, which a restore explains',
      [log.checkpoint(7), log.checkpoint(9, 'log.example/cap/2'), log.proof(7, 9)],
      'consistency.origin',
      /restored from a backup/,
    ],
    [
      'two logs',
      [log.checkpoint(7), log.checkpoint(9, 'other.example/cap/1'), log.proof(7, 9)],
      'consistency.origin',
      /different logs/,
    ],
    [
      'two logs that count no epochs',
      [log.checkpoint(7, 'a'), log.checkpoint(9, 'b'), log.proof(7, 9)],
      'consistency.origin',
      /different logs/,
    ],
  ])('finds %s', (_, args, expected, message) => {
    expect(consistencyFault(...args)).toEqual({ code: expected, message: expect.stringMatching(message) });
  });
});
