import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  eventLeaf,
  nextEvent,
  parseCheckpoint,
  receiptJson,
  receiptToTlogProof,
  type ChainEvent,
  type Receipt,
} from '@cap/tlog';
import { consistencyProofJson } from '@cap/tlog/consistency';
import { signCheckpoint } from '../../../../libs/tlog/src/checkpoint.fixture.js';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  storedHashesForAppend,
  treeHash,
  type HashReader,
} from '@cap/tlog/merkle';
import { cosignText, formatNote, formatVerifierKey, verifierKey, withSignature } from '@cap/tlog/notes';
import type { JsonObject } from '@cap/core';
import { cap, scratch, type Outcome } from '../cli.fixture.js';

export const ORIGIN = 'log.example/cap/1';
export const BUNDLE_ID = `0x${'ab'.repeat(32)}`;
export const WITNESS = 'witness.example';
const WITNESS_TIME = 1_760_000_000;
const logPrivate = generateKeyPairSync('ed25519').privateKey;
const witnessPrivate = generateKeyPairSync('ed25519').privateKey;
const keyText = (type: 'ed25519' | 'cosignature/v1', name: string, key: KeyObject) =>
  formatVerifierKey(verifierKey(type, name, createPublicKey(key)));

/** For every epoch. */
export const LOG_KEY = keyText('ed25519', 'log.example/cap', logPrivate);
export const WITNESS_KEY = keyText('cosignature/v1', WITNESS, witnessPrivate);

/** A log of eleven events, signed as a registry signs. Entry 3 is that of BUNDLE_ID, or of the bundle named. */
export function testLog({ origin = ORIGIN, bundleId = BUNDLE_ID, more = '' } = {}) {
  const events: ChainEvent[] = [];
  const details = (i: number): JsonObject => ({
    entry_id: `entry-${i}${more}`,
    bundle_id: i === 3 ? bundleId : 'none',
  });
  for (let i = 0; i < 11; i++) {
    const ts = `2025-11-0${1 + (i % 5)}T10:00:00Z`;
    events.push(nextEvent(events.at(-1) ?? null, ts, i === 4 ? 'policy.stored' : 'entry.registered', details(i)));
  }
  const stored: Buffer[] = [];
  const reader: HashReader = { readHashes: (indexes) => indexes.map((index) => stored[index]!) };
  stored.push(...storedHashesForAppend(events.map(eventLeaf).map(leafHash), 0, reader).hashes);
  const signed = (size: number) =>
    parseCheckpoint(signCheckpoint({ origin, size, root: treeHash(size, reader), extensions: [] }, logPrivate));
  return {
    events,
    checkpoint: (size: number): string => formatNote(signed(size).note),
    receipt: (log_index: number, tree_size: number): Receipt => ({
      log_index,
      tree_size,
      leaf: eventLeaf(events[log_index]!),
      inclusion_proof: inclusionProof(log_index, tree_size, reader),
      checkpoint: signed(tree_size),
    }),
    proof: (from: number, to: number) =>
      consistencyProofJson({ from, to, proof: consistencyProof(from, to, reader), checkpoint: signed(to) }),
  };
}

/** The note with a cosignature by WITNESS. */
export function cosigned(checkpoint: string): string {
  const { note } = parseCheckpoint(checkpoint);
  return formatNote(
    withSignature(note, cosignText(note.text, { name: WITNESS, privateKey: witnessPrivate }, WITNESS_TIME)),
  );
}

export interface LogDesk {
  at(...names: string[]): string;
  /** Writes a file (what is no text as JSON) and gives its name. */
  put(name: string, content: string | object): Promise<string>;
  /** `cap log …` with this desk's trust.json. */
  log(...argv: string[]): Promise<Outcome>;
}

/** A directory with a trust.json that has LOG_KEY. */
export async function logDesk(): Promise<LogDesk> {
  const home = await scratch();
  const at = (...names: string[]) => path.join(home, ...names);
  const put = async (name: string, content: string | object) => {
    await writeFile(at(name), typeof content === 'string' ? content : JSON.stringify(content));
    return at(name);
  };
  await cap(['trust', 'init', '--out', at('trust.json')]);
  await cap(['trust', 'add', at('trust.json'), '--log-key', LOG_KEY]);
  return { at, put, log: (...argv) => cap(['log', ...argv, '--trust', at('trust.json')]) };
}

export const json = (receipt: Receipt): object => receiptJson(receipt);
export const tlogProof = (receipt: Receipt): string => receiptToTlogProof(receipt);
