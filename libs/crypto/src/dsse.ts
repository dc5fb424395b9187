import { sign, verify, type KeyObject } from 'node:crypto';
import { CapError, type JsonValue } from '@cap/core';
import { kidOf, publicKeyFromText, publicKeyText } from './keys.js';

/** DSSE v1 envelope (secure-systems-lab/dsse). `public_key` is our additional field: it must hash to keyid, so it adds no trust. */
export interface DsseEnvelope {
  payload: string;
  payloadType: string;
  signatures: DsseSignature[];
}
interface DsseSignature {
  /** kid of the signing key. */
  keyid: string;
  /** base64 Ed25519 signature over PAE. */
  sig: string;
  /** `0x` + 64 hex: the raw Ed25519 public key, so that a verifier without a trust store can check integrity. */
  public_key?: string;
}

/** Pre-authentication encoding: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  signers: readonly { kid: string; privateKey: KeyObject; publicKey: KeyObject }[],
): DsseEnvelope {
  const message = preAuthenticationEncoding(payloadType, payload);
  return {
    payload: Buffer.from(payload).toString('base64'),
    payloadType,
    signatures: signers.map(({ kid, privateKey, publicKey }) => ({
      keyid: kid,
      sig: sign(null, message, privateKey).toString('base64'),
      public_key: publicKeyText(publicKey),
    })),
  };
}

/** Canonical base64 only (with padding, no white space): one spelling per value. */
export function strictBase64(text: unknown, place: string): Buffer {
  // Compared with what it decodes to, and not with a pattern: a pattern gives up on long texts.
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : null;
  const spelled = bytes?.toString('base64');
  if (bytes && spelled === text) return bytes;
  const hasStrayBits =
    typeof text === 'string' && LAST_GROUP.test(text.slice(-4)) && spelled!.slice(0, -4) === text.slice(0, -4);
  throw new CapError('base64.malformed', `${place}: ${hasStrayBits ? 'non-canonical base64' : 'not base64'}`);
}

/** A padded group: the bits that it has too many may be set. */
const LAST_GROUP = /^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;

const ENVELOPE_MEMBERS = new Set(['payload', 'payloadType', 'signatures']);
const SIGNATURE_MEMBERS = new Set(['keyid', 'sig', 'public_key']);

/**
 * Checks the shape of an untrusted envelope. A member that is not of this format is refused: nothing that no signature covers
 * may ride along unseen. Throws CapError `dsse.malformed`.
 */
export function parseEnvelope(value: JsonValue | undefined): DsseEnvelope & { payloadBytes: Buffer } {
  const refuse = (why: string): never => {
    throw new CapError('dsse.malformed', `signature envelope: ${why}`);
  };
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return refuse('not an object');
  const strange = (members: object, known: ReadonlySet<string>) =>
    Object.keys(members).find((name) => !known.has(name));
  const unknown = strange(value, ENVELOPE_MEMBERS);
  if (unknown !== undefined) return refuse(`unknown member ${unknown.slice(0, 80)}`);
  const { payload, payloadType, signatures } = value;
  if (typeof payloadType !== 'string') return refuse('payloadType is not a string');
  if (!Array.isArray(signatures)) return refuse('signatures is not an array');
  const payloadBytes = strictBase64(payload, 'signature envelope: payload');
  return {
    payload: payload as string,
    payloadType,
    payloadBytes,
    signatures: signatures.map((entry, i) => {
      if (entry === null || typeof entry !== 'object' || Array.isArray(entry))
        return refuse(`signatures[${i}] is not an object`);
      const more = strange(entry, SIGNATURE_MEMBERS);
      if (more !== undefined) return refuse(`signatures[${i}]: unknown member ${more.slice(0, 80)}`);
      const { keyid, sig, public_key } = entry;
      if (typeof keyid !== 'string' || typeof sig !== 'string') return refuse(`signatures[${i}] lacks keyid or sig`);
      if (public_key !== undefined && typeof public_key !== 'string')
        return refuse(`signatures[${i}].public_key is not a string`);
      return { keyid, sig, ...(public_key === undefined ? {} : { public_key }) };
    }),
  };
}

/** True if `signature` is a valid Ed25519 signature of the envelope's payload under the key. */
export function verifySignature(
  envelope: { payloadType: string; payloadBytes: Uint8Array },
  signature: DsseSignature,
  key: KeyObject,
): boolean {
  let sig: Buffer;
  try {
    sig = strictBase64(signature.sig, 'sig');
  } catch {
    return false;
  }
  return (
    sig.length === 64 && verify(null, preAuthenticationEncoding(envelope.payloadType, envelope.payloadBytes), key, sig)
  );
}

/** The key that an envelope carries for a signature, if it is well-formed and really hashes to its keyid. */
export function embeddedKey(signature: DsseSignature): KeyObject | null {
  if (signature.public_key === undefined) return null;
  try {
    const key = publicKeyFromText(signature.public_key);
    return kidOf(key) === signature.keyid ? key : null;
  } catch {
    return null;
  }
}
