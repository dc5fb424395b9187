import { once } from 'node:events';
import { type FileHandle } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import tar from 'tar-stream';
import { CapError, type Digest, type StreamingHash, streamingSha3 } from '@cap/crypto';
import { type ManifestFile } from './manifest.js';
import { modeOf } from './names.js';

export interface Written {
  /** Bytes of the archive, and their hash. */
  size: number;
  sha3_256: Digest;
}

/** BLOBs are zip files, which nothing compresses further, and the database is text that every level compresses well. */
const LEVEL = constants.Z_BEST_SPEED;

/**
 * Streams files into a tar.gz and hashes each in the pass. The archive's bytes depend on the files, their order and `time`
 * alone: owner, modes and times of the machine do not get in.
 */
export class ArchiveWriter {
  readonly #pack = tar.pack();
  readonly #written: Promise<Written>;
  readonly files: ManifestFile[] = [];

  constructor(
    handle: FileHandle,
    private readonly time: Date,
    private readonly signal?: AbortSignal,
  ) {
    this.#written = this.#run(handle);
    this.#written.catch(() => undefined); // told by whatever waits for the next piece, and by finish
  }

  /** `size` bytes of `body`; CapError backup.size if they are not as many. `alsoHash` sees the same bytes. */
  async add(
    path: string,
    size: number,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    alsoHash?: StreamingHash,
  ): Promise<void> {
    this.files.push(await this.#entry(path, size, body, alsoHash));
  }

  /** A file that is about the others and so is not among `files`. */
  async addAbout(path: string, bytes: Uint8Array): Promise<void> {
    await this.#entry(path, bytes.length, [bytes]);
  }

  /** Ends the archive. Its bytes are written, not yet fsynced. */
  async finish(): Promise<Written> {
    this.#pack.finalize();
    return this.#written;
  }

  /** Ends the writing without an archive; resolves once the file is no longer written to. */
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
    ended.promise.catch(() => undefined);
    const header = { name: path, size, mode: modeOf(path), mtime: this.time, uid: 0, gid: 0, type: 'file' as const };
    const entry = this.#pack.entry(header, (error) => (error ? ended.reject(error) : ended.resolve()));
    let received = 0;
    try {
      for await (const chunk of body) {
        this.signal?.throwIfAborted();
        received += chunk.length;
        if (received > size) break;
        hash.update(chunk);
        alsoHash?.update(chunk);
        if (!entry.write(chunk)) await Promise.race([once(entry, 'drain'), this.#written]);
      }
      if (received !== size)
        throw new CapError(
          'io',
          'backup.size',
          `${path}: expected ${size} bytes, ${received > size ? 'there are more' : `the source ended after ${received}`}`,
        );
      entry.end(null);
      await Promise.race([ended.promise, this.#written]);
    } catch (error) {
      // What the writing side says (no space left) is the cause; the entry's own error only follows from it.
      entry.destroy();
      this.#pack.destroy(error instanceof Error ? error : new Error(String(error)));
      await this.#written;
      throw error;
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
    const file = handle.createWriteStream({ autoClose: false });
    await pipeline(Readable.from(this.#pack), createGzip({ level: LEVEL }), measure, file);
    return { size, sha3_256: hash.digest() };
  }
}
