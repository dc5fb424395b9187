import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, inflateRawSync, type InflateRaw } from 'node:zlib';
import type { ByteSource } from './byte-source.js';
import { unreadable, type ZipEntry } from './zip-directory.js';

/** The whole contents of an entry, checked against its declared size and CRC. Throws CapError `bundle.unreadable`. */
export function unpack(source: ByteSource, entry: ZipEntry): Buffer {
  const packed = source.read(entry.dataOffset, entry.compressedSize);
  const content = entry.method === 'stored' ? packed : inflate(packed, entry);
  if (content.length !== entry.size)
    unreadable(`entry ${entry.name} unpacks to ${content.length} bytes, declared are ${entry.size}`);
  if (crc32(content) !== entry.crc32) unreadable(`entry ${entry.name}: the CRC does not match`);
  return content;
}

// Node's types leave `info` out.
declare module 'node:zlib' {
  function inflateRawSync(
    packed: Buffer,
    options: { maxOutputLength: number; chunkSize: number; info: true },
  ): { buffer: Buffer; engine: InflateRaw };
}

function inflate(packed: Buffer, entry: ZipEntry): Buffer {
  try {
    // Inflating stops at the declared size: a zip bomb with a false size is never inflated further.
    const { buffer, engine } = inflateRawSync(packed, {
      maxOutputLength: Math.max(entry.size, 1),
      chunkSize: Math.min(Math.max(entry.size, 64), 65_536),
      info: true,
    });
    if (engine.bytesWritten !== packed.length)
      return unreadable(`entry ${entry.name}: data after the end of its deflated bytes`);
    return buffer;
  } catch (cause) {
    return rethrow(cause, entry);
  }
}

function rethrow(cause: unknown, entry: ZipEntry): never {
  const code = (cause as { code?: string }).code;
  if (code === 'bundle.unreadable') throw cause;
  if (code === 'ERR_BUFFER_TOO_LARGE')
    return unreadable(`entry ${entry.name} holds more than the ${entry.size} bytes it declares`, cause);
  if (code?.startsWith('Z_')) return unreadable(`entry ${entry.name}: broken deflated bytes (${code})`, cause);
  throw cause;
}

const BLOCK_BYTES = 65_536;

/**
 * Passes the contents of an entry to `take`, block by block, with the same checks as unpack() but never more than some
 * blocks in memory. The checks are over only when the promise is.
 */
export async function unpackStreaming(
  source: ByteSource,
  entry: ZipEntry,
  take: (block: Buffer) => void,
): Promise<void> {
  let size = 0;
  let sum = 0;
  const measured = new Transform({
    transform(block: Buffer, _encoding, done: TransformCallback) {
      size += block.length;
      if (size > entry.size) {
        done(Object.assign(new Error('too large'), { code: 'ERR_BUFFER_TOO_LARGE' }));
        return;
      }
      sum = crc32(block, sum);
      take(block);
      done();
    },
  });
  const packed = Readable.from(blocks(source, entry), { objectMode: false });
  try {
    if (entry.method === 'stored') await pipeline(packed, measured);
    else {
      const inflating = createInflateRaw();
      await pipeline(packed, inflating, measured);
      if (inflating.bytesWritten !== entry.compressedSize)
        unreadable(`entry ${entry.name}: data after the end of its deflated bytes`);
    }
  } catch (cause) {
    rethrow(cause, entry);
  }
  if (size !== entry.size) unreadable(`entry ${entry.name} unpacks to ${size} bytes, declared are ${entry.size}`);
  if (sum !== entry.crc32) unreadable(`entry ${entry.name}: the CRC does not match`);
}

function* blocks(source: ByteSource, { dataOffset, compressedSize }: ZipEntry): Generator<Buffer> {
  for (let at = 0; at < compressedSize; at += BLOCK_BYTES)
    yield source.read(dataOffset + at, Math.min(BLOCK_BYTES, compressedSize - at));
}
