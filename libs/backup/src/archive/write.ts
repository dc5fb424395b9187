import type { FileHandle } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import tar from 'tar-stream';
import { CapError } from '@cap/core';
import { type Digest, type StreamingHash, streamingSha3 } from '@cap/crypto';
import type { ManifestFile } from './manifest.js';
import { modeOf } from './names.js';

export interface Written {
  /** Bytes of the archive, and their hash. */
  size: number;
  sha3_256: Digest;
}

/** BLOBs are zip files, which do not compress further, and the database is text that compresses well at every level. */
const LEVEL = constants.Z_BEST_SPEED;
/** Bytes of one chunk of the archive: fewer and larger writes than by default. */
const CHUNK = 256 * 1024;

/**
 * Streams files into a tar.gz and hashes them on the way. The archive's bytes depend only on the files, their order and `time`,
 * not on owners, modes and times of the machine.
 */
export class ArchiveWriter {
  readonly #pack = tar.pack();
  readonly #written: Promise<Written>;
  /** The first error: no space left, say, rather than the broken pipe that follows from it. */
  #failure: { error: unknown } | null = null;
  readonly files: ManifestFile[] = [];

  constructor(
    handle: FileHandle,
    private readonly time: Date,
    private readonly signal?: AbortSignal,
  ) {
    this.#written = this.#run(handle);
    // Reported by the next write, and by finish.
    this.#written.catch((error: unknown) => (this.#failure ??= { error }));
  }

  /** `size` bytes of `body`; CapError backup.size if there are more or fewer. `alsoHash` sees the same bytes. */
  async add(
    path: string,
    size: number,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    alsoHash?: StreamingHash,
  ): Promise<void> {
    this.files.push(await this.#entry(path, size, body, alsoHash));
  }

  /** A file about the others, which is not among `files` itself. */
  async addAbout(path: string, bytes: Uint8Array): Promise<void> {
    await this.#entry(path, bytes.length, [bytes]);
  }

  /** Ends the archive. Its bytes are written, not yet fsynced. */
  async finish(): Promise<Written> {
    this.#pack.finalize();
    return this.#written;
  }

  /** Stops without an archive; resolves once nothing writes to the file any more. */
  async abort(): Promise<void> {
    this.#pack.destroy(new Error('aborted'));
    await this.#written.catch(() => undefined);
  }

  async #entry(
    path: string,
    size: number,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    alsoHash?: StreamingHash,
  ): Promise<ManifestFile> {
    const hash = streamingSha3();
    const ended = Promise.withResolvers<void>();
    const header = { name: path, size, mode: modeOf(path), mtime: this.time, uid: 0, gid: 0, type: 'file' as const };
    const entry = this.#pack.entry(header, (error) => void (error || ended.resolve()));
    entry.on('error', () => undefined); // it only fails together with the pack, and then #written has the reason
    let received = 0;
    try {
      for await (const chunk of body) {
        this.signal?.throwIfAborted();
        received += chunk.length;
        if (received > size) break;
        hash.update(chunk);
        alsoHash?.update(chunk);
        if (!entry.write(chunk))
          await Promise.race([new Promise<void>((resolve) => entry.once('drain', () => resolve())), this.#written]);
      }
      if (received !== size)
        throw new CapError(
          'backup.size',
          `${path}: expected ${size} bytes, ${received > size ? 'there are more' : `the source ended after ${received}`}`,
        );
      entry.end(null);
      await Promise.race([ended.promise, this.#written]);
    } catch (error) {
      this.#failure ??= { error };
      await this.abort();
      throw this.#failure.error;
    }
    return { path, size, sha3_256: hash.digest() };
  }

  async #run(handle: FileHandle): Promise<Written> {
    const hash = streamingSha3();
    let size = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    // Not handle.createWriteStream: closing the handle would wait for a stream that autoClose: false never closes.
    const write = async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) await handle.writeFile(chunk);
    };
    await pipeline(Readable.from(this.#pack), createGzip({ level: LEVEL, chunkSize: CHUNK }), measure, write);
    return { size, sha3_256: hash.digest() };
  }
}
