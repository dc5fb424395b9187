import { CapError, systemCode, systemWords } from '@cap/core';
import { type Digest, streamingBlake3 } from '@cap/crypto';

/** Bytes as the disk gives them; CapError blob.corrupt where it does not give them back. */
export async function* fromDisk(source: AsyncIterable<Uint8Array>, id: Digest): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause) {
    if (systemCode(cause) !== 'EIO') throw cause;
    const message = `BLOB ${id}: its bytes can't be read: ${systemWords(cause)}`;
    throw new CapError('blob.corrupt', message, { cause, details: { id } });
  }
}

/**
 * Passes bytes on while hashing them, always one piece behind: the last piece only leaves once the hash is the name. So
 * changed bytes never arrive whole, whatever the reader does.
 */
export async function* verified(source: AsyncIterable<Uint8Array>, id: Digest): AsyncGenerator<Uint8Array> {
  const hash = await streamingBlake3();
  let held: Uint8Array | undefined;
  for await (const piece of source) {
    hash.update(piece);
    if (held) yield held;
    held = piece;
  }
  const found = hash.digest();
  if (found !== id)
    throw new CapError('blob.corrupt', `BLOB ${id}: its bytes on disk have the hash ${found}`, {
      details: { id, found },
    });
  if (held) yield held;
}
