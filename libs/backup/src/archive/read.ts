import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { CapError, isCapError, systemCode } from '@cap/core';
import { isMissing, readError } from '@cap/core/files';
import { type Digest, streamingSha3 } from '@cap/crypto';

export interface ArchiveEntry {
  path: string;
  /** Bytes. */
  size: number;
  body: AsyncIterable<Uint8Array>;
}

/** gzip's header; its checksum does not cover it. */
const GZIP_HEADER = Buffer.from('1f8b08000000000004', 'hex');
const END_OF_TAR = 1024;
const CHUNK = 256 * 1024;

const LINKS = new Set(['link', 'symlink']);
const padded = (size: number): number => Math.ceil(size / 512) * 512;

/**
 * Passes every entry of an archive to `visit`, in order, and returns the archive's size and hash. It may contain regular files
 * only, and no data after its end. Everything wrong with the file is a CapError of kind refused:
 * backup.unreadable (truncated, changed, not an archive), backup.link, backup.trailing; errors of `visit` are rethrown.
 */
export async function readArchive(
  file: string,
  visit: (entry: ArchiveEntry) => Promise<void>,
): Promise<{ size: number; sha3_256: Digest }> {
  const size = await sizeOf(file);
  const hash = streamingSha3();
  let head = Buffer.alloc(0);
  const compressed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      if (head.length < GZIP_HEADER.length) {
        head = Buffer.concat([head, chunk.subarray(0, GZIP_HEADER.length - head.length)]);
        if (!GZIP_HEADER.subarray(0, head.length).equals(head))
          return done(new CapError('backup.unreadable', `${file}: not an archive of this program`));
      }
      done(null, chunk);
    },
  });
  let unpacked = 0;
  const tarBytes = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unpacked += chunk.length;
      done(null, chunk);
    },
  });
  const gunzip = createGunzip({ chunkSize: CHUNK });
  const extract = tar.extract();
  let end = 0;
  const stop = new AbortController();
  const feed = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) if (!extract.write(chunk)) await once(extract, 'drain', { signal: stop.signal });
    extract.end(null);
  };
  const fed = pipeline(createReadStream(file, { highWaterMark: CHUNK }), compressed, gunzip, tarBytes, feed, {
    signal: stop.signal,
  });
  fed.catch((error: Error) => extract.destroy(error));
  try {
    for await (const entry of extract) {
      const { name, size: length, type, byteOffset } = entry.header as typeof entry.header & { byteOffset: number };
      if (type !== 'file')
        throw new CapError(
          LINKS.has(String(type)) ? 'backup.link' : 'backup.unreadable',
          `${file}: ${JSON.stringify(name)} is a ${type ?? 'entry of unknown type'}, not a regular file`,
        );
      await visit({ path: name, size: length ?? 0, body: entry as AsyncIterable<Uint8Array> });
      entry.resume(); // in case the visitor skipped the body
      end = byteOffset + padded(length ?? 0) + END_OF_TAR;
    }
    await fed;
  } catch (error) {
    stop.abort();
    await fed.catch(() => undefined);
    throw readingError(error, file);
  }
  if (gunzip.bytesWritten !== size || unpacked !== end)
    throw new CapError('backup.trailing', `${file}: there is data after the end of the archive`);
  return { size, sha3_256: hash.digest() };
}

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new CapError('file.irregular', `${file}: not a file`);
    await (await open(file)).close(); // check that it can be read
    return found.size;
  } catch (cause) {
    if (isCapError(cause)) throw cause;
    if (isMissing(cause)) throw new CapError('file.missing', `no archive at ${file}`, { cause });
    throw readError(file, cause);
  }
}

/** gzip's and tar's errors are the archive's fault; the file system's are not. */
function readingError(error: unknown, file: string): unknown {
  if (isCapError(error) || (error as Error).name === 'AbortError') return error;
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new CapError('storage.full', `${file}: no space left to unpack it`, { cause: error });
  if (code !== undefined && /^E[A-Z]+$/.test(code)) return readError(file, error);
  return new CapError('backup.unreadable', `${file}: truncated or damaged: ${(error as Error).message}`, {
    cause: error,
  });
}
