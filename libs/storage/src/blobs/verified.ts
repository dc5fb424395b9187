import { CapError, systemCode } from '@cap/core';
import { systemWords } from '@cap/core/files';
import { type Digest, streamingBlake3 } from '@cap/crypto';

/** Bytes from the disk; CapError blob.corrupt where the disk can't read them. */
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
 * Passes bytes on while hashing them, always one piece behind: the last piece is only passed on once the hash matches
 * the name. So changed bytes never arrive complete, whatever the reader does.
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
