import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { jcs, parseJson } from '@cap/core';
import { eventDigest, nextEvent, type ChainEvent } from './events.js';
import { parseCheckpoint, parseOrigin } from './checkpoint.js';
import { signCheckpoint } from './checkpoint.fixture.js';
import { phraseKey } from './log-keys.fixture.js';
import { formatVerifierKey, parseVerifierKey, verifierKey } from './note-keys.js';
import { cosignText } from './note-signatures.js';
import { withSignature } from './note.js';
import {
  eventLeaf,
  parseReceipt,
  receiptFromTlogProof,
  receiptJson,
  receiptToTlogProof,
  verifyReceipt,
  type Receipt,
} from './receipt.js';
import { inclusionProof, leafHash, nodeHash, storedHashesForAppend } from './tree.js';

/** examples/vectors/receipt.json and receipt.tlog-proof, and what docs/log.md says about them step by step. */
const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const PAGE = read('docs/log.md');
const INDEX = 2;

const log = { name: 'log.example/cap/1', privateKey: phraseKey('CAP example log') };
const witness = { name: 'witness.example', privateKey: phraseKey('CAP example witness') };
const logKey = verifierKey('ed25519', log.name, createPublicKey(log.privateKey));
const witnessKey = verifierKey('cosignature/v1', witness.name, createPublicKey(witness.privateKey));

const events: ChainEvent[] = [];
for (let i = 0; i < 5; i++)
  events.push(nextEvent(events.at(-1) ?? null, `2026-01-15T09:30:0${i}Z`, 'example', { number: i }));

const stored: Buffer[] = [];
const reader = { readHashes: (indexes: readonly number[]) => indexes.map((index) => stored[index]!) };
const { hashes, size, root } = storedHashesForAppend(events.map(eventLeaf).map(leafHash), 0, reader);
stored.push(...hashes);
const signed = parseCheckpoint(signCheckpoint({ origin: log.name, size, root, extensions: [] }, log.privateKey));
const note = withSignature(signed.note, cosignText(signed.note.text, witness, 1_768_469_500));
const receipt: Receipt = {
  log_index: INDEX,
  tree_size: size,
  leaf: eventLeaf(events[INDEX]!),
  inclusion_proof: inclusionProof(INDEX, size, reader),
  checkpoint: { ...signed, note },
};
const vector = {
  log_keys: [formatVerifierKey(logKey)],
  witness_keys: [formatVerifierKey(witnessKey)],
  event: events[INDEX],
  leaf_hash: leafHash(receipt.leaf).toString('hex'),
  root: root.toString('hex'),
  receipt: receiptJson(receipt),
};

describe('worked example of a receipt', () => {
  it('is the vector receipt.json', () => {
    expect(parseJson(Buffer.from(read('examples/vectors/receipt.json')), 'receipt.json')).toEqual(vector);
  });

  it('is the vector receipt.tlog-proof, byte for byte', () => {
    expect(read('examples/vectors/receipt.tlog-proof')).toBe(receiptToTlogProof(receipt));
  });

  it('verifies with the keys of the vector', () => {
    const trust = {
      logKeys: vector.log_keys.map((key) => parseVerifierKey(key)),
      witnessKeys: vector.witness_keys.map((key) => parseVerifierKey(key)),
      witnessThreshold: 1,
    };
    for (const some of [
      parseReceipt(vector.receipt),
      receiptFromTlogProof(read('examples/vectors/receipt.tlog-proof')),
    ])
      expect(verifyReceipt(some, trust)).toMatchObject({ valid: true, event: events[INDEX] });
  });

  it('has the hashes that the page leads through', () => {
    const [right, left, last] = receipt.inclusion_proof;
    const h = leafHash(receipt.leaf);
    const h23 = nodeHash(h, right!);
    const h03 = nodeHash(left!, h23);
    expect(nodeHash(h03, last!)).toEqual(root);
    for (const hash of [h, h23, h03, root]) expect(PAGE).toContain(hash.toString('hex'));
    expect(PAGE).toContain(root.toString('base64'));
  });

  it('has the event, digest, keys, origin and file that the page shows', () => {
    const { digest, ...body } = events[INDEX]!;
    expect(digest).toBe(eventDigest(body));
    for (const shown of [
      jcs(events[INDEX]).toString(),
      jcs(body).toString(),
      formatVerifierKey(logKey),
      formatVerifierKey(witnessKey),
      receiptToTlogProof(receipt),
      parseOrigin(log.name).name,
    ])
      expect(PAGE).toContain(shown);
  });
});
