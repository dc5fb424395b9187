import { type FileHandle, mkdir, open, opendir, readdir, stat, statfs, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import {
  CapError,
  type Digest,
  isDigest,
  makeDirectoryDurable,
  publishFile,
  streamingBlake3,
  syncDirectory,
  systemCode,
  temporaryName,
  TEMPORARY_PREFIX,
} from '@cap/crypto';
import { asStorageError } from '../storage-errors.js';
import { type BlobStore, type ByteRange, type SpooledBlob } from '../stores.js';
import { verified } from './verified.js';

const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

/**
 * BLOBs as files `ab/cd/<64 hex digits>` below one directory. Spooling writes a temporary file in that directory,
 * hashed on the way, and fsyncs it; publishing renames it to its name and fsyncs the name's directory. The same bytes again replace the file by itself, which
 * also mends one that has rotted.
 */
export class FileBlobStore implements BlobStore {
  /** Directories that this process knows to be durable themselves. */
  readonly #durable = new Map<string, Promise<void>>();

  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = path.resolve(directory);
  }

  /** Makes the directory and removes what a crash left half-written. Only its owner may do that. */
  static async open(directory: string): Promise<FileBlobStore> {
    return asStorageError(`can't open the BLOB directory ${directory}`, async () => {
      await makeDirectoryDurable(directory, DIRECTORY_MODE);
      for (const name of await readdir(directory))
        if (name.startsWith(TEMPORARY_PREFIX)) await unlink(path.join(directory, name));
      return new FileBlobStore(directory);
    });
  }

  /** For reading beside the owner. */
  static readOnly(directory: string): Pick<BlobStore, 'size' | 'read' | 'list'> {
    return new FileBlobStore(directory);
  }

  async spool(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpooledBlob> {
    const temporary = temporaryName(this.directory);
    const discard = () => unlink(temporary).catch(() => undefined);
    return asStorageError("can't store a BLOB", async () => {
      const handle = await open(temporary, 'wx', FILE_MODE);
      try {
        const received = await receive(body, handle, maxBytes).finally(() => handle.close());
        return { ...received, publish: () => this.#publish(temporary, received.blob_id), discard };
      } catch (error) {
        await discard();
        throw error;
      }
    });
  }

  #publish(temporary: string, id: Digest): Promise<void> {
    return asStorageError(`can't publish BLOB ${id}`, async () => {
      const file = this.#file(id);
      await this.#makeDurable(path.dirname(file));
      await publishFile(temporary, file);
    });
  }

  async size(id: Digest): Promise<number | null> {
    try {
      return (await stat(this.#file(id))).size;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  async read(id: Digest, range?: ByteRange): Promise<Readable | null> {
    let handle: FileHandle;
    try {
      handle = await open(this.#file(id), 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    }
    if (range) return handle.createReadStream({ start: range.first, end: range.last });
    const file = handle.createReadStream();
    const body = Readable.from(verified(file, id), { objectMode: false });
    body.once('close', () => file.destroy()); // also when nobody ever read
    return body;
  }

  async remove(id: Digest): Promise<void> {
    const file = this.#file(id);
    await asStorageError(`can't remove BLOB ${id}`, async () => {
      await unlink(file).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error;
      });
      await syncDirectory(path.dirname(file)).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error;
      });
    });
  }

  async *list(): AsyncIterable<Digest> {
    for (const first of await hexDirectories(this.directory))
      for (const second of await hexDirectories(path.join(this.directory, first)))
        for await (const { name } of await opendir(path.join(this.directory, first, second)))
          if (isDigest(`0x${name}`) && name.startsWith(first + second)) yield `0x${name}`;
  }

  async room(): Promise<number> {
    return asStorageError(`can't write to the BLOB directory ${this.directory}`, async () => {
      const probe = temporaryName(this.directory);
      await writeFile(probe, 'x');
      await unlink(probe);
      const { bavail, bsize } = await statfs(this.directory);
      return bavail * bsize;
    });
  }

  #file(id: Digest): string {
    if (!isDigest(id)) throw new CapError('input', 'request.schema', `not a BLOB id: ${String(id).slice(0, 80)}`);
    const hex = id.slice(2);
    return path.join(this.directory, hex.slice(0, 2), hex.slice(2, 4), hex);
  }

  /**
   * That a directory exists does not say that it survives a power cut: whoever made it may not have come to its fsync. So each
   * is synced once in the life of a process, and everybody waits for that.
   */
  #makeDurable(directory: string): Promise<void> {
    let made = this.#durable.get(directory);
    if (!made) {
      made = (async () => {
        const parent = path.dirname(directory);
        if (parent !== this.directory) await this.#makeDurable(parent);
        await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
        await syncDirectory(parent);
      })();
      this.#durable.set(directory, made);
      made.catch(() => this.#durable.delete(directory));
    }
    return made;
  }
}

async function receive(body: AsyncIterable<Uint8Array>, handle: FileHandle, maxBytes: number) {
  const hash = await streamingBlake3();
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) throw new CapError('input', 'request.too-large', `a BLOB may have ${maxBytes} bytes at most`);
    hash.update(piece);
    await handle.writeFile(piece); // from the current position, until all is written
  }
  await handle.sync();
  return { blob_id: hash.digest(), size };
}

async function hexDirectories(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOTDIR') return [];
    throw error;
  });
  return names.filter((name) => /^[0-9a-f]{2}$/.test(name)).sort();
}
