import { type ErrorCode, CapError } from '@cap/core';
import { strictBase64 } from '@cap/crypto';

/** A C2SP signed-note (c2sp.org/signed-note): text and signatures, not yet verified. */
export interface Note {
  /** Ends in a line feed. This is what is signed. */
  text: string;
  /** One or more. */
  signatures: NoteSignature[];
}

export interface NoteSignature {
  /** Name of the key. */
  name: string;
  /** 8 lowercase hex digits: the first four bytes that the signature line holds. */
  keyId: string;
  /** What follows the key id: 64 bytes Ed25519, or 8 bytes of time before them in a cosignature. */
  signature: Buffer;
}

/** As in golang.org/x/mod/sumdb/note. C2SP asks for at least 16 signatures. */
const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;

const KEY_ID_BYTES = 4;
const KEY_NAME = /^[^\p{White_Space}\p{Cc}+]+$/u;
const SIGNATURE_LINE = /^\u2014 (\S+) (\S+)$/u;
/** ASCII control characters but the line feed. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/u;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A key name is not empty and has neither white space nor `+`. */
export const isKeyName = (name: string): boolean => name.isWellFormed() && KEY_NAME.test(name);

/** Bytes of a text format -> string: valid UTF-8 only. Throws CapError with the code, whose message starts with `place`. */
export function decodeText(bytes: Uint8Array, code: ErrorCode, place: string): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new CapError(code, `${place}: not UTF-8`, { cause });
  }
}

/**
 * Reads a signed note; verifies nothing. There is one spelling: formatNote gives the same text again. Throws CapError
 * `note.malformed` whose message starts with `place`.
 */
export function parseNote(input: string | Uint8Array, place = 'note'): Note {
  const refuse = (why: string): never => {
    throw new CapError('note.malformed', `${place}: ${why}`);
  };
  const note = typeof input === 'string' ? input : decodeText(input, 'note.malformed', place);
  if (Buffer.byteLength(note) > MAX_NOTE_BYTES) refuse(`longer than ${MAX_NOTE_BYTES} bytes`);
  if (!note.isWellFormed()) refuse('not well-formed Unicode');
  if (CONTROL.test(note)) refuse('holds a control character');
  const blank = note.lastIndexOf('\n\n');
  if (blank === -1) refuse('no blank line between text and signatures');
  if (!note.endsWith('\n')) refuse('does not end in a line feed');
  const lines = note.slice(blank + 2, -1).split('\n');
  if (note.length === blank + 2) refuse('no signature after the blank line');
  if (lines.length > MAX_SIGNATURES) refuse(`more than ${MAX_SIGNATURES} signatures`);
  return {
    text: note.slice(0, blank + 1),
    signatures: lines.map((line, i) => parseSignatureLine(line, `${place}: signature ${i + 1}`)),
  };
}

function parseSignatureLine(line: string, place: string): NoteSignature {
  const refuse = (why: string): never => {
    throw new CapError('note.malformed', `${place}: ${why}`);
  };
  const [, name, base64] = SIGNATURE_LINE.exec(line) ?? refuse('expected "\u2014 name base64"');
  if (!isKeyName(name!)) refuse('the key name holds white space or +');
  const bytes = base64Of(base64!, place);
  if (bytes.length <= KEY_ID_BYTES) refuse('no signature after the key id');
  return {
    name: name!,
    keyId: bytes.toString('hex', 0, KEY_ID_BYTES),
    signature: bytes.subarray(KEY_ID_BYTES),
  };
}

function base64Of(text: string, place: string): Buffer {
  try {
    return strictBase64(text, place);
  } catch (cause) {
    throw new CapError('note.malformed', (cause as Error).message, { cause });
  }
}

const formatSignatureLine = ({ name, keyId, signature }: NoteSignature): string =>
  `\u2014 ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`;

/** Throws CapError `note.malformed` if a reader would refuse it or read something else. */
export function formatNote({ text, signatures }: Note): string {
  const note = `${text}\n${signatures.map(formatSignatureLine).join('')}`;
  if (parseNote(note).text !== text) throw new CapError('note.malformed', 'note: the text does not end in a line feed');
  return note;
}

/** The note with one more signature, which takes the place of an earlier one by the same key. */
export const withSignature = (note: Note, signature: NoteSignature): Note => ({
  text: note.text,
  signatures: [
    ...note.signatures.filter(({ name, keyId }) => name !== signature.name || keyId !== signature.keyId),
    signature,
  ],
});
