import { createPrivateKey, type KeyObject } from 'node:crypto';
import { CapError } from '@cap/core';
import { sha256 } from '@cap/crypto';

// RFC 8410: PKCS#8 of an Ed25519 key is this prefix and the 32-byte seed.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });

/** A throw-away key that anybody can make again: its seed is the SHA-256 of a phrase. */
export const phraseKey = (phrase: string): KeyObject => privateKeyOf(sha256(phrase));

/** The code of the CapError that is thrown; any other error is a fault of the test's subject. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CapError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}
