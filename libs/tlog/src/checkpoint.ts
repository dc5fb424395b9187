import { strictBase64 } from '@cap/crypto';
import { type ErrorCode, CapError } from '@cap/core';
import { isKeyName, parseNote, type Note } from './note.js';
import { EMPTY_TREE_HASH, isTreeSize, TREE_HASH_BYTES } from './tree.js';

/** What a log signs (c2sp.org/tlog-checkpoint): its name, how many leaves it has, and the root over them. */
export interface Checkpoint {
  /** Names the log. Ours end in an epoch number. */
  origin: string;
  size: number;
  /** 32 bytes. */
  root: Buffer;
  /** Lines after the third. Ours have none. */
  extensions: string[];
}

/** A checkpoint and the note that it was read from; verifyCheckpoint says whether to trust it. */
export interface SignedCheckpoint extends Checkpoint {
  note: Note;
}

const DECIMAL = /^(?:0|[1-9][0-9]*)$/;

/** A whole number without leading zeros, within `limit`; null for anything else. */
export function parseDecimal(text: string | undefined, limit: number): number | null {
  if (text === undefined || !DECIMAL.test(text)) return null;
  const number = Number(text);
  return number <= limit ? number : null;
}

/** 32 bytes from base64. Throws CapError with the code, whose message starts with `place`. */
export function parseTreeHash(text: unknown, code: ErrorCode, place: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = strictBase64(text, place);
  } catch (cause) {
    throw new CapError(code, (cause as Error).message, { cause });
  }
  if (bytes.length !== TREE_HASH_BYTES)
    throw new CapError(code, `${place}: ${bytes.length} bytes, expected ${TREE_HASH_BYTES}`);
  return bytes;
}

/** Reads the text of a checkpoint, without signatures. Throws CapError `checkpoint.malformed`, whose message starts with `place`. */
export function parseCheckpointText(text: string, place = 'checkpoint'): Checkpoint {
  const refuse = (why: string): never => {
    throw new CapError('checkpoint.malformed', `${place}: ${why}`);
  };
  if (!text.endsWith('\n')) refuse('does not end in a line feed');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length < 3) refuse('expected three lines: origin, tree size, root hash');
  const empty = lines.findIndex((line) => line === '');
  if (empty !== -1) refuse(`line ${empty + 1} is empty`);
  const [origin, sizeText, rootText, ...extensions] = lines;
  const size = parseDecimal(sizeText, Number.MAX_SAFE_INTEGER);
  if (size === null || !isTreeSize(size)) return refuse('line 2 is not a tree size: a decimal number up to 2^52');
  const root = parseTreeHash(rootText, 'checkpoint.malformed', `${place}: line 3 (root hash)`);
  if (size === 0 && !root.equals(EMPTY_TREE_HASH)) refuse('the tree is empty, but the root is not SHA-256 of nothing');
  return { origin: origin!, size, root, extensions };
}

/** Throws CapError `checkpoint.malformed` if a reader would refuse it or read something else. */
export function formatCheckpointText({ origin, size, root, extensions }: Checkpoint): string {
  const text = `${[origin, size, root.toString('base64'), ...extensions].join('\n')}\n`;
  const read = parseCheckpointText(text);
  if (read.origin !== origin || read.extensions.length !== extensions.length)
    throw new CapError('checkpoint.malformed', 'checkpoint: a line feed in the origin or an extension line');
  return text;
}

/** Reads a checkpoint with its signatures; verifies none. Throws CapError `note.malformed`, `checkpoint.malformed`. */
export function parseCheckpoint(input: string | Uint8Array, place = 'checkpoint'): SignedCheckpoint {
  const note = parseNote(input, place);
  return { ...parseCheckpointText(note.text, place), note };
}

/** An origin of ours: the log's name and the epoch, which goes up with every restore. */
interface EpochOrigin {
  name: string;
  /** Counts from 1. */
  epoch: number;
}

/** `name/epoch`. Throws CapError `checkpoint.origin`. */
export function formatOrigin({ name, epoch }: EpochOrigin): string {
  const origin = `${name}/${epoch}`;
  const read = parseOrigin(origin);
  if (read.name !== name || read.epoch !== epoch)
    throw new CapError('checkpoint.origin', `origin ${origin.slice(0, 80)}: expected an epoch number from 1`);
  return origin;
}

/** Throws CapError `checkpoint.origin` for an origin that does not end in `/` and an epoch number. */
export function parseOrigin(origin: string): EpochOrigin {
  const slash = origin.lastIndexOf('/');
  const name = origin.slice(0, Math.max(slash, 0));
  const epoch = parseDecimal(origin.slice(slash + 1), Number.MAX_SAFE_INTEGER);
  if (!isKeyName(name) || name.endsWith('/') || epoch === null || epoch === 0)
    throw new CapError(
      'checkpoint.origin',
      `origin ${JSON.stringify(origin.slice(0, 80))}: expected name/epoch without white space or +, such as log.example/cap/1`,
    );
  return { name, epoch };
}

/** The same, null for an origin that has no epoch: a log of somebody else's. */
export function epochOf(origin: string): EpochOrigin | null {
  try {
    return parseOrigin(origin);
  } catch {
    return null;
  }
}
