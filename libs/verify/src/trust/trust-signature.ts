import type { KeyObject } from 'node:crypto';
import { CapError, isCapError, jcs, parseJson } from '@cap/core';
import { kidOf, parseEnvelope, signEnvelope, verifySignature } from '@cap/crypto';
import type { SigningKey } from '@cap/crypto/key-files';
import { withoutByteOrderMark } from '@cap/policy';
import { TRUST_MEMBERS } from './trust-document.js';

/** payloadType of trust.json.sig. */
const TRUST_PAYLOAD_TYPE = 'application/vnd.cap.trust.v2+json';

/** The name of the signature beside a trust store. */
export const trustSignatureFile = (file: string): string => `${file}.sig`;

const canonical = (bytes: Uint8Array, name: string): Buffer =>
  jcs(parseJson(withoutByteOrderMark(bytes), name, TRUST_MEMBERS));

/** A DSSE envelope over the JCS of trust.json, as bytes: whoever keeps the store says so. */
export const signTrust = (bytes: Uint8Array, signer: Pick<SigningKey, 'kid' | 'privateKey' | 'publicKey'>): Buffer =>
  jcs(signEnvelope(TRUST_PAYLOAD_TYPE, canonical(bytes, 'trust.json'), [signer]));

/**
 * Throws CapError `trust.signature` unless `envelope` is a signature of this trust store by this very key. The
 * spelling of trust.json does not matter, its content does.
 */
export function assertTrustSigned(bytes: Uint8Array, envelope: Uint8Array, key: KeyObject, name = 'trust.json'): void {
  const refuse = (why: string, cause?: unknown): never => {
    throw new CapError('trust.signature', `${trustSignatureFile(name)}: ${why}`, { cause });
  };
  try {
    const parsed = parseEnvelope(parseJson(envelope, trustSignatureFile(name)));
    if (parsed.payloadType !== TRUST_PAYLOAD_TYPE) refuse(`is of the type ${parsed.payloadType.slice(0, 100)}`);
    if (!parsed.payloadBytes.equals(canonical(bytes, name))) refuse(`is of another content than ${name}`);
    const kid = kidOf(key);
    const signature = parsed.signatures.find(({ keyid }) => keyid === kid);
    if (!signature) return refuse(`is not by ${kid}`);
    if (!verifySignature(parsed, signature, key)) refuse('does not verify');
  } catch (error) {
    if (isCapError(error) && error.code !== 'trust.signature') refuse(error.message, error);
    throw error;
  }
}
