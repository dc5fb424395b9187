import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { CapError } from '@cap/core';
import { verifierKey, type VerifierKey } from './note-keys.js';
import type { Note, NoteSignature } from './note.js';

/** A private Ed25519 key and the name that it signs under. */
export interface NoteSigner {
  name: string;
  privateKey: KeyObject;
}

const TIME_BYTES = 8;
const ED25519_BYTES = 64;

/** Signs a note's text as a log does: Ed25519 over the text (c2sp.org/signed-note). */
export function signNoteText(text: string, { name, privateKey }: NoteSigner): NoteSignature {
  const { keyId } = verifierKey('ed25519', name, createPublicKey(privateKey));
  return { name, keyId, signature: sign(null, Buffer.from(text), privateKey) };
}

/** What a witness signs (c2sp.org/tlog-cosignature, Ed25519). */
const cosignedMessage = (text: string, time: number): Buffer => Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);

/**
 * Cosigns a checkpoint's text as a witness does; `time` is in whole seconds since 1970-01-01T00:00:00Z. The witness
 * states that it saw no larger tree of this log by then and that this one is consistent with all that it saw: check it before.
 */
export function cosignText(text: string, { name, privateKey }: NoteSigner, time: number): NoteSignature {
  if (!Number.isSafeInteger(time) || time < 0)
    throw new CapError('note.time', `cosignature time ${time}: expected whole seconds since 1970`);
  const { keyId } = verifierKey('cosignature/v1', name, createPublicKey(privateKey));
  const timeBytes = Buffer.alloc(TIME_BYTES);
  timeBytes.writeBigUInt64BE(BigInt(time));
  return { name, keyId, signature: Buffer.concat([timeBytes, sign(null, cosignedMessage(text, time), privateKey)]) };
}

/** A signature that holds. `time`: what a cosignature says, in seconds since 1970; null for a log's signature. */
interface VerifiedSignature {
  key: VerifierKey;
  time: number | null;
}

function verifyWith(text: string, { signature }: NoteSignature, key: VerifierKey): VerifiedSignature | null {
  if (key.type === 'ed25519') {
    const holds = signature.length === ED25519_BYTES && verify(null, Buffer.from(text), key.publicKey, signature);
    return holds ? { key, time: null } : null;
  }
  if (signature.length !== TIME_BYTES + ED25519_BYTES) return null;
  const time = Number(signature.readBigUInt64BE());
  if (!Number.isSafeInteger(time)) return null;
  const holds = verify(null, cosignedMessage(text, time), key.publicKey, signature.subarray(TIME_BYTES));
  return holds ? { key, time } : null;
}

/**
 * Verifies the signatures of a note by keys that the caller trusts. Signatures by other keys are passed over, as
 * c2sp.org/signed-note asks; one by a known key that does not hold is in `broken`, and such a note should not be trusted.
 * Each key is in `verified` once.
 */
export function checkNoteSignatures(
  note: Note,
  keys: readonly VerifierKey[],
): { verified: VerifiedSignature[]; broken: NoteSignature[] } {
  const verified = new Map<VerifierKey, VerifiedSignature>();
  const broken: NoteSignature[] = [];
  for (const signature of note.signatures) {
    // A key id is short: two keys of one name may share it.
    const known = keys.filter(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    const holding = known.map((key) => verifyWith(note.text, signature, key)).find((result) => result !== null);
    if (holding && !verified.has(holding.key)) verified.set(holding.key, holding);
    else if (!holding && known.length > 0) broken.push(signature);
  }
  return { verified: [...verified.values()], broken };
}
