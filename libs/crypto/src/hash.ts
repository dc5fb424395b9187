import { createHash, hash as oneShotHash } from 'node:crypto';
import { createBLAKE3 } from 'hash-wasm';
import { CapError, DIGEST_PATTERN } from '@cap/core';
import { shared, wide } from './blake3-instances.js';

/** Digest text: `0x` + 64 lowercase hex digits. */
export type Digest = `0x${string}`;

export const isDigest = (text: unknown): text is Digest => typeof text === 'string' && DIGEST_PATTERN.test(text);

/** 32 raw bytes -> `0x…` text. */
export const digestText = (bytes: Uint8Array): Digest => `0x${Buffer.from(bytes).toString('hex')}`;

/** `0x…` text -> 32 raw bytes. Throws RangeError for anything else. */
export function digestBytes(text: string): Buffer {
  if (!DIGEST_PATTERN.test(text))
    throw new RangeError(`not a digest (0x + 64 lowercase hex digits): ${text.slice(0, 80)}`);
  return Buffer.from(text.slice(2), 'hex');
}

/** A text has one spelling as UTF-8, or none: a lone surrogate would be hashed as U+FFFD, like another text. */
function hashable<T extends Uint8Array | string>(data: T): T {
  if (typeof data === 'string' && !data.isWellFormed())
    throw new CapError('text.malformed', "can't hash text that contains a lone surrogate");
  return data;
}

/** FIPS 202 SHA3-256, 32 bytes. */
export const sha3 = (data: Uint8Array | string): Buffer => oneShotHash('sha3-256', hashable(data), 'buffer');
export const sha3Text = (data: Uint8Array | string): Digest => `0x${oneShotHash('sha3-256', hashable(data), 'hex')}`;

/** FIPS 180-4 SHA-256, 32 bytes. */
export const sha256 = (data: Uint8Array | string): Buffer => oneShotHash('sha256', hashable(data), 'buffer');

/** BLAKE3 over the concatenation of the parts; strings count as UTF-8. 32 bytes. */
export function blake3(...parts: (Uint8Array | string)[]): Buffer {
  shared.init();
  for (const part of parts) shared.update(hashable(part));
  return Buffer.from(shared.digest('binary'));
}

/** BLAKE3 with 64 bytes of output over the concatenation of the parts. */
export function blake3Wide(...parts: (Uint8Array | string)[]): Buffer {
  wide.init();
  for (const part of parts) wide.update(hashable(part));
  return Buffer.from(wide.digest('binary'));
}
export const blake3Text = (...parts: (Uint8Array | string)[]): Digest => digestText(blake3(...parts));

/** A hash that is fed piece by piece. */
export interface StreamingHash {
  update(data: Uint8Array): void;
  /** `0x…` text; ends the hash. */
  digest(): Digest;
}

/** Each streaming BLAKE3 has an instance of its own, since streams interleave. */
export async function streamingBlake3(): Promise<StreamingHash> {
  const hasher = await createBLAKE3();
  hasher.init();
  return { update: (data) => void hasher.update(data), digest: () => digestText(hasher.digest('binary')) };
}

export function streamingSha3(): StreamingHash {
  const hasher = createHash('sha3-256');
  return { update: (data) => void hasher.update(data), digest: () => digestText(hasher.digest()) };
}

/** u32 little endian length ‖ bytes, the field encoding of statement digests. */
export function lengthPrefixed(field: Uint8Array | string): Buffer {
  const bytes = typeof field === 'string' ? Buffer.from(hashable(field), 'utf8') : field;
  const out = Buffer.allocUnsafe(4 + bytes.length);
  out.writeUInt32LE(bytes.length, 0);
  out.set(bytes, 4);
  return out;
}
