import { CapError, type Digest, streamingBlake3 } from '@cap/crypto';

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
    throw new CapError('io', 'blob.corrupt', `BLOB ${id}: its bytes on disk have the hash ${found}`, {
      details: { id, found },
    });
  if (held) yield held;
}
