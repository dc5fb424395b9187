import type { FileHandle } from 'node:fs/promises';
import { CapError } from '@cap/core';
import { type Digest, streamingBlake3 } from '@cap/crypto';

/** Writes a body to an open file while hashing it; `also` sees every piece. CapError request.too-large. */
export async function receive(
  body: AsyncIterable<Uint8Array>,
  handle: FileHandle,
  maxBytes: number,
  also?: (piece: Uint8Array) => unknown,
): Promise<{ blob_id: Digest; size: number }> {
  const hash = await streamingBlake3();
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) throw new CapError('request.too-large', `a BLOB may have at most ${maxBytes} bytes`);
    hash.update(piece);
    also?.(piece);
    await handle.writeFile(piece); // from the current position, until all is written
  }
  return { blob_id: hash.digest(), size };
}
