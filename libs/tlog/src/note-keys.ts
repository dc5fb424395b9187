import type { KeyObject } from 'node:crypto';
import { strictBase64, sha256, publicKeyFromText, rawPublicKey } from '@cap/crypto';
import { CapError } from '@cap/core';
import { isKeyName } from './note.js';

/** `ed25519`: c2sp.org/signed-note, as logs sign. `cosignature/v1`: c2sp.org/tlog-cosignature, as witnesses sign. */
export type NoteKeyType = 'ed25519' | 'cosignature/v1';

const TYPE_BYTES: Record<NoteKeyType, number> = { ed25519: 0x01, 'cosignature/v1': 0x04 };

/** A public key under a name: what a signature line refers to. */
export interface VerifierKey {
  type: NoteKeyType;
  name: string;
  /** 8 lowercase hex digits: the first four bytes of SHA-256(name ‖ "\n" ‖ type byte ‖ raw public key). */
  keyId: string;
  publicKey: KeyObject;
}

const material = (type: NoteKeyType, publicKey: KeyObject): Buffer =>
  Buffer.concat([Buffer.of(TYPE_BYTES[type]), rawPublicKey(publicKey)]);

/** The Ed25519 key under a name. Throws CapError `key.malformed` for another kind of key or a name with white space or `+`. */
export function verifierKey(type: NoteKeyType, name: string, publicKey: KeyObject): VerifierKey {
  if (!isKeyName(name))
    throw new CapError('key.malformed', `key name ${JSON.stringify(name.slice(0, 80))}: empty, white space or +`);
  const hashed = Buffer.concat([Buffer.from(`${name}\n`), material(type, publicKey)]);
  return { type, name, keyId: sha256(hashed).toString('hex', 0, 4), publicKey };
}

/** `name+key id+base64(type byte ‖ raw public key)`: the "vkey" of c2sp.org/signed-note. */
export const formatVerifierKey = ({ type, name, keyId, publicKey }: VerifierKey): string =>
  `${name}+${keyId}+${material(type, publicKey).toString('base64')}`;

// The base64 part may hold a + too, the name may not.
const VERIFIER_KEY = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u;
const RAW_KEY_BYTES = 32;

/**
 * Reads a verifier key. Throws CapError `key.malformed`, whose message starts with `place`: another form, another type
 * than these two, or a key id that is not the one of this name and key.
 */
export function parseVerifierKey(text: string, place = 'verifier key'): VerifierKey {
  const refuse = (why: string, cause?: unknown): never => {
    throw new CapError('key.malformed', `${place}: ${why}`, { cause });
  };
  const [, name, keyId, base64] = VERIFIER_KEY.exec(text) ?? refuse('expected name+8 hex digits+base64');
  let bytes: Buffer;
  try {
    bytes = strictBase64(base64, place);
  } catch (cause) {
    return refuse('the part after the key id is not base64', cause);
  }
  const type = (Object.keys(TYPE_BYTES) as NoteKeyType[]).find((known) => TYPE_BYTES[known] === bytes[0]);
  if (type === undefined) return refuse(`key type ${bytes[0]}, expected 1 (Ed25519) or 4 (cosignature/v1)`);
  if (bytes.length !== 1 + RAW_KEY_BYTES) return refuse(`the key has ${bytes.length - 1} bytes, expected 32`);
  if (!isKeyName(name!)) return refuse('the name holds white space');
  const key = verifierKey(type, name!, publicKeyFromText(`0x${bytes.toString('hex', 1)}`));
  if (key.keyId !== keyId) return refuse(`the key id is ${keyId}, this name and key have ${key.keyId}`);
  return key;
}
