import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { eventLeaf, nextEvent, parseCheckpoint, type ChainEvent, type Receipt } from '@cap/tlog';
import { signCheckpoint } from '../../tlog/src/checkpoint.fixture.js';
import { formatVerifierKey, verifierKey } from '@cap/tlog/notes';
import { inclusionProof, leafHash, storedHashesForAppend, treeHash, type HashReader } from '@cap/tlog/merkle';
import type { JsonObject } from '@cap/core';

const ORIGIN = 'log.example/cap/1';
const { privateKey } = generateKeyPairSync('ed25519');

/** Verifier key of the log. */
export const LOG_KEY = formatVerifierKey(verifierKey('ed25519', ORIGIN, createPublicKey(privateKey)));

/** The receipt of the last of these events in a log that holds no others. */
export function receiptOf(...written: readonly [ts: string, event: string, details: JsonObject][]): Receipt {
  const events: ChainEvent[] = [];
  for (const one of written) events.push(nextEvent(events.at(-1) ?? null, ...one));
  const stored: Buffer[] = [];
  const reader: HashReader = { readHashes: (indexes) => indexes.map((index) => stored[index]!) };
  stored.push(...storedHashesForAppend(events.map(eventLeaf).map(leafHash), 0, reader).hashes);
  const size = events.length;
  const checkpoint = { origin: ORIGIN, size, root: treeHash(size, reader), extensions: [] };
  return {
    log_index: size - 1,
    tree_size: size,
    leaf: eventLeaf(events.at(-1)!),
    inclusion_proof: inclusionProof(size - 1, size, reader),
    checkpoint: parseCheckpoint(signCheckpoint(checkpoint, privateKey)),
  };
}
