import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCapError, jcs, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import { nextEvent, type ChainEvent } from './events.js';
import { parseCheckpoint } from './checkpoint.js';
import type { LogTrust } from './checkpoint-trust.js';
import { signCheckpoint } from './checkpoint.fixture.js';
import { codeOf, phraseKey } from './log-keys.fixture.js';
import { verifierKey } from './note-keys.js';
import { cosignText } from './note-signatures.js';
import { formatNote, withSignature } from './note.js';
import {
  eventLeaf,
  parseReceipt,
  receiptFromTlogProof,
  receiptJson,
  receiptToTlogProof,
  verifyReceipt,
  type Receipt,
} from './receipt.js';
import { formatTlogProof, parseTlogProof } from './tlog-proof.js';
import { inclusionProof, leafHash, storedHashesForAppend, treeHash, type HashReader } from './tree.js';

const ORIGIN = 'log.example/cap/1';
const SIZE = 11;
const INDEX = 6;
const logPrivate = phraseKey('log');
const witness = { name: 'witness.example/w1', privateKey: phraseKey('witness') };
const trust: LogTrust = {
  logKeys: [verifierKey('ed25519', ORIGIN, createPublicKey(logPrivate))],
  witnessKeys: [verifierKey('cosignature/v1', witness.name, createPublicKey(witness.privateKey))],
  witnessThreshold: 1,
};

const events: ChainEvent[] = [];
for (let i = 0; i < SIZE; i++)
  events.push(
    nextEvent(events.at(-1) ?? null, `2026-01-01T00:00:${10 + i}Z`, 'entry.registered', { entry_id: `e${i}` }),
  );

/** The receipt of one of the leaves, cosigned; each leaf may be any bytes. */
function receiptOf(leaves: readonly Uint8Array[], index: number): Receipt {
  const stored: Buffer[] = [];
  const reader: HashReader = { readHashes: (indexes) => indexes.map((i) => stored[i]!) };
  stored.push(...storedHashesForAppend(leaves.map(leafHash), 0, reader).hashes);
  const size = leaves.length;
  const signed = parseCheckpoint(
    signCheckpoint({ origin: ORIGIN, size, root: treeHash(size, reader), extensions: [] }, logPrivate),
  );
  const note = withSignature(signed.note, cosignText(signed.note.text, witness, 1_767_225_700));
  return {
    log_index: index,
    tree_size: size,
    leaf: Buffer.from(leaves[index]!),
    inclusion_proof: inclusionProof(index, size, reader),
    checkpoint: { ...signed, note },
  };
}
const receipt = receiptOf(events.map(eventLeaf), INDEX);
const json = receiptJson(receipt);
const codes = (some: Receipt, by = trust) => verifyReceipt(some, by).failures.map(({ code }) => code);

describe('receipt', () => {
  it('says what holds of a good one', () => {
    expect(verifyReceipt(parseReceipt(json), trust)).toEqual({
      valid: true,
      origin: ORIGIN,
      signed_by: [ORIGIN],
      included: true,
      witnesses: [{ name: witness.name, time: 1_767_225_700 }],
      event: events[INDEX],
      failures: [],
    });
  });

  it('holds for each leaf, the first and the last too', () => {
    const leaves = events.map(eventLeaf);
    for (const i of events.keys()) expect(codes(receiptOf(leaves, i))).toEqual([]);
    expect(codes(receiptOf(leaves.slice(0, 1), 0))).toEqual([]);
  });

  it('is read back from its JSON as it was, and has the members of the format', () => {
    expect(Object.keys(json).sort()).toEqual(['checkpoint', 'inclusion_proof', 'leaf', 'log_index', 'tree_size']);
    expect(parseReceipt(parseJson(jcs(json), 'receipt'))).toEqual(receipt);
    expect(receiptJson(parseReceipt(json))).toEqual(json);
  });

  it('says what holds when the log is unknown: inclusion and witnesses, but it is not valid', () => {
    expect(verifyReceipt(receipt, { ...trust, logKeys: [] })).toMatchObject({
      valid: false,
      signed_by: [],
      included: true,
      witnesses: [{ name: witness.name }],
      failures: [{ code: 'checkpoint.log-unknown', message: expect.stringContaining(ORIGIN) }],
    });
  });

  it('fails when fewer witnesses have cosigned than asked for', () => {
    expect(codes(receipt, { ...trust, witnessThreshold: 2 })).toEqual(['checkpoint.witnesses']);
    expect(codes(receipt, { ...trust, witnessKeys: [], witnessThreshold: 0 })).toEqual([]);
  });

  it('fails with another leaf, index, tree size or proof, each with its code', () => {
    const other = { ...receipt, leaf: eventLeaf(events[5]!) };
    expect(verifyReceipt(other, trust)).toMatchObject({ valid: false, included: false, event: null });
    expect(codes(other)).toEqual(['receipt.inclusion', 'receipt.leaf']);
    expect(codes({ ...receipt, log_index: 5 })).toEqual(['receipt.inclusion', 'receipt.leaf']);
    expect(codes({ ...receipt, tree_size: SIZE + 1 })).toEqual(['receipt.tree-size']);
    expect(codes({ ...receipt, inclusion_proof: receipt.inclusion_proof.slice(1) })).toEqual(['receipt.inclusion']);
    expect(codes({ ...receipt, inclusion_proof: receipt.inclusion_proof.toReversed() })).toEqual(['receipt.inclusion']);
  });

  it('fails under a checkpoint that the log did not sign', () => {
    const { text, signatures } = receipt.checkpoint.note;
    const note = { text: text.replace(`\n${SIZE}\n`, '\n12\n'), signatures };
    const forged = parseReceipt({ ...json, tree_size: 12, checkpoint: formatNote(note) });
    expect(codes(forged)).toEqual(['checkpoint.signature', 'checkpoint.signature', 'checkpoint.witnesses']);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['no JSON', Buffer.from('leaf'), /JSON/],
    ['no object', jcs([1]), /not an event/],
    ['another spelling', Buffer.from(JSON.stringify(events[INDEX], null, 1)), /not canonical JSON/],
    ['a member too many', jcs({ ...events[INDEX], more: 1 }), /not an event/],
    ['a member too few', jcs({ ...events[INDEX], ts: undefined }), /not an event/],
    ['details that are no object', jcs({ ...events[INDEX], details: [] }), /not an event/],
    ['a digest in another form', jcs({ ...events[INDEX], digest: 'x' }), /not an event/],
    ['another seq', eventLeaf(events[INDEX - 1]!), /its seq is 5, its index in the log is 6/],
    ['a digest that is not its own', jcs({ ...events[INDEX], ts: '2026-01-01T00:00:00Z' }), /event 6: digest/],
  ])('fails when the log holds %s as a leaf, though it is included', (_what, leaf, message) => {
    const odd = receiptOf(events.map(eventLeaf).with(INDEX, Buffer.from(leaf)), INDEX);
    const result = verifyReceipt(odd, trust);
    expect(result).toMatchObject({ valid: false, included: true, event: null });
    expect(result.failures).toEqual([{ code: 'receipt.leaf', message: expect.stringMatching(message) }]);
  });

  it('fails when the first event does not start the chain', () => {
    const odd = nextEvent({ seq: -1, digest: events[3]!.digest }, '2026-01-01T00:00:00Z', 'registry.created', {});
    expect(verifyReceipt(receiptOf([eventLeaf(odd)], 0), trust).failures).toEqual([
      { code: 'receipt.leaf', message: expect.stringMatching(/event 0: prev_digest/) },
    ]);
  });

  it.each<[string, JsonValue, RegExp]>([
    ['null', null, /not an object/],
    ['an array', [], /not an object/],
    ['an unknown member', { ...json, more: 1 }, /unknown member more/],
    ['an index as text', { ...json, log_index: '6' }, /log_index/],
    ['a negative index', { ...json, log_index: -1 }, /log_index/],
    ['an index beyond the tree', { ...json, log_index: SIZE }, /log_index/],
    ['a fraction', { ...json, tree_size: 11.5 }, /tree_size/],
    ['a tree size beyond 2^52', { ...json, tree_size: 2 ** 53 - 1 }, /tree_size/],
    ['a leaf that is not base64', { ...json, leaf: '*' }, /leaf: not base64/],
    ['no proof', { ...json, inclusion_proof: null }, /inclusion_proof/],
    ['a proof of text', { ...json, inclusion_proof: json.inclusion_proof.join() }, /inclusion_proof/],
    ['53 hashes', { ...json, inclusion_proof: Array(53).fill(json.inclusion_proof[0]!) }, /at most 52/],
    ['a short hash', { ...json, inclusion_proof: ['AAAA'] }, /inclusion_proof\[0\]: 3 bytes, expected 32/],
    ['a number as hash', { ...json, inclusion_proof: [7] }, /inclusion_proof\[0\]: not base64/],
    ['a checkpoint that is no text', { ...json, checkpoint: {} }, /checkpoint is not a string/],
    ['a checkpoint without signatures', { ...json, checkpoint: receipt.checkpoint.note.text }, /checkpoint: no blank/],
  ])('refuses %s', (_what, value, message) => {
    expect(codeOf(() => parseReceipt(value))).toBe('receipt.malformed');
    expect(() => parseReceipt(value)).toThrow(message);
    expect(() => parseReceipt(value)).toThrow(/^receipt: /);
  });

  it.each(Object.keys(json))('refuses a receipt without %s', (member) => {
    const { [member]: _, ...rest } = json as JsonObject;
    expect(codeOf(() => parseReceipt(rest))).toBe('receipt.malformed');
  });
});

describe('tlog-proof', () => {
  it('has the lines of c2sp.org/tlog-proof', () => {
    const hashes = json.inclusion_proof;
    expect(receiptToTlogProof(receipt)).toBe(
      ['c2sp.org/tlog-proof@v1', `extra ${json.leaf}`, 'index 6', ...hashes, '', json.checkpoint].join('\n'),
    );
  });

  it('holds a whole receipt', () => {
    expect(receiptFromTlogProof(receiptToTlogProof(receipt))).toEqual(receipt);
    expect(receiptFromTlogProof(Buffer.from(receiptToTlogProof(receipt)))).toEqual(receipt);
  });

  it('is read without extra data, but then it is no receipt', () => {
    const proof = { ...parseTlogProof(receiptToTlogProof(receipt)), extra: null };
    const text = formatTlogProof(proof);
    expect(text).not.toContain('extra');
    expect(parseTlogProof(text)).toEqual(proof);
    expect(() => receiptFromTlogProof(text)).toThrow(/no extra line/);
  });

  it('is read for the only leaf of a log, where no hash follows', () => {
    const single = receiptOf([eventLeaf(events[0]!)], 0);
    expect(single.inclusion_proof).toEqual([]);
    expect(receiptFromTlogProof(receiptToTlogProof(single))).toEqual(single);
  });

  const good = receiptToTlogProof(receipt);
  it.each([
    ['nothing', '', 'tlog-proof.malformed', /no blank line/],
    ['another version', good.replace('@v1', '@v2'), 'tlog-proof.malformed', /line 1/],
    ['no index', good.replace('index 6\n', ''), 'tlog-proof.malformed', /"index N"/],
    ['a leading zero', good.replace('index 6', 'index 06'), 'tlog-proof.malformed', /"index N"/],
    [
      'an index beyond the tree',
      good.replace('index 6', 'index 11'),
      'tlog-proof.malformed',
      /index 11 in a tree of 11/,
    ],
    ['empty extra data', good.replace(/extra .*/, 'extra '), 'tlog-proof.malformed', /extra is empty/],
    ['extra data that is not base64', good.replace('extra ', 'extra *'), 'tlog-proof.malformed', /extra: not base64/],
    ['extra after index', good.replace(/(extra .*)\n(index 6)/, '$2\n$1'), 'tlog-proof.malformed', /proof hash 1/],
    ['a carriage return', good.replace('index 6', 'index 6\r'), 'tlog-proof.malformed', /"index N"/],
    [
      '53 hashes',
      good.replace('index 6', `index 6${`\n${json.inclusion_proof[0]}`.repeat(52)}`),
      'tlog-proof.malformed',
      /more than 52/,
    ],
    ['no checkpoint', good.slice(0, good.indexOf('\n\n') + 2), 'note.malformed', /checkpoint: no blank line/],
    ['a bad checkpoint', good.replace('\n11\n', '\n011\n'), 'checkpoint.malformed', /checkpoint: line 2/],
  ])('refuses %s', (_what, text, code, message) => {
    expect(codeOf(() => parseTlogProof(text))).toBe(code);
    expect(() => parseTlogProof(text, 'file')).toThrow(message);
    expect(() => parseTlogProof(text, 'file')).toThrow(/^file: /);
  });
});

describe('receipts that were tampered with', () => {
  /** Bytes with bits flipped, cut out, doubled or overwritten. */
  const mutated = (original: Buffer) =>
    fc.oneof(
      fc.tuple(fc.nat(original.length - 1), fc.nat(7)).map(([at, bit]) => {
        const bytes = Buffer.from(original);
        bytes[at]! ^= 1 << bit;
        return bytes;
      }),
      fc
        .tuple(fc.nat(original.length), fc.nat(original.length), fc.uint8Array({ maxLength: 4 }))
        .map(([from, to, put]) => Buffer.concat([original.subarray(0, from), put, original.subarray(to)])),
    );
  const signedText = receipt.checkpoint.note.text;

  /** A changed receipt may hold only if it still says the same: the same event, at the same place, in the same tree. */
  const isRefusedOrSame = (read: () => Receipt) => {
    let some: Receipt;
    try {
      some = read();
    } catch (error) {
      expect(isCapError(error)).toBe(true);
      return;
    }
    const { valid, event } = verifyReceipt(some, { ...trust, witnessThreshold: 0 });
    if (!valid) return;
    expect(event).toEqual(events[INDEX]);
    expect({ ...some, checkpoint: some.checkpoint.note.text }).toEqual({ ...receipt, checkpoint: signedText });
  };

  it('property: a mutated JSON receipt says the same or is not valid', () => {
    fc.assert(
      fc.property(mutated(jcs(json)), (bytes) => isRefusedOrSame(() => parseReceipt(parseJson(bytes, 'receipt')))),
      { numRuns: 3000 },
    );
  });

  it('property: a mutated tlog-proof says the same or is not valid', () => {
    fc.assert(
      fc.property(mutated(Buffer.from(receiptToTlogProof(receipt))), (bytes) =>
        isRefusedOrSame(() => receiptFromTlogProof(bytes)),
      ),
      { numRuns: 3000 },
    );
  });

  it('each changed bit of the JSON is refused, or changes nothing that is said', () => {
    const bytes = jcs(json);
    let valid = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const some = parseReceipt(parseJson(changed, 'receipt'));
        if (verifyReceipt(some, trust).valid) valid++;
      } catch (error) {
        expect(isCapError(error)).toBe(true);
      }
    }
    // With the witness asked for, every byte of the receipt counts.
    expect(valid).toBe(0);
  });

  it('property: any JSON value is a receipt or refused with its code', () => {
    const member = fc.oneof(fc.jsonValue(), fc.constantFrom<JsonValue>(...Object.values(json)));
    const shapes = fc.record(
      { log_index: member, tree_size: member, leaf: member, inclusion_proof: member, checkpoint: member },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(shapes, fc.jsonValue()), (value) => {
        expect(['nothing thrown', 'receipt.malformed']).toContain(codeOf(() => parseReceipt(value as JsonValue)));
      }),
      { numRuns: 1000 },
    );
  });
});
