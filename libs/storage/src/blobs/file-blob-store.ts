import { mkdir, open, opendir, readdir, stat, statfs, unlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { ByteRange } from '@cap/contracts';
import { type Digest, isDigest } from '@cap/crypto';
import { systemCode } from '@cap/core';
import { makeDirectoryDurable, publishFile, removeTemporaries, syncDirectory, temporaryName } from '@cap/core/files';
import { asStorageError } from '../storage-errors.js';
import type { BlobStore, SpooledBlob } from '../stores.js';
import { blobName, blobOfName, hexOf } from './blob-name.js';
import { receive } from './receive.js';
import { fromDisk, verified } from './verified.js';

const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

/**
 * BLOBs as files `ab/cd/<64 hex digits>` below one directory, the trash in `.trash`. Spooling writes a temporary file in that
 * directory, hashed on the way, and fsyncs it; publishing renames it to its name and fsyncs the name's directory. Storing
 * the same bytes again replaces the file, which also repairs one that has rotted.
 */
export class FileBlobStore implements BlobStore {
  /** Directories whose own entry this process has fsynced. */
  readonly #durable = new Map<string, Promise<void>>();

  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = path.resolve(directory);
  }

  /** Creates the directory and removes what a crash left half-written. For the owner only. */
  static async open(directory: string): Promise<FileBlobStore> {
    return asStorageError(`can't open the BLOB directory ${directory}`, async () => {
      await makeDirectoryDurable(directory, DIRECTORY_MODE);
      await removeTemporaries(directory);
      return new FileBlobStore(directory);
    });
  }

  /** For reading alongside the owner. */
  static readOnly(directory: string): Pick<BlobStore, 'size' | 'read' | 'list'> {
    return new FileBlobStore(directory);
  }

  async spool(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpooledBlob> {
    const temporary = temporaryName(this.directory);
    const discard = () => unlink(temporary).catch(() => undefined);
    return asStorageError("can't store a BLOB", async () => {
      const handle = await open(temporary, 'wx', FILE_MODE);
      try {
        const received = await receive(body, handle, maxBytes);
        await handle.sync();
        return { ...received, publish: () => this.#publish(temporary, received.blob_id), discard };
      } catch (error) {
        await discard();
        throw error;
      } finally {
        await handle.close();
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
    const status = await stat(this.#file(id)).catch(unless('ENOENT', null));
    return status && status.size;
  }

  async read(id: Digest, range?: ByteRange): Promise<Readable | null> {
    const handle = await open(this.#file(id), 'r').catch(unless('ENOENT', null));
    if (handle === null) return null;
    const file = handle.createReadStream(range ? { start: range.first, end: range.last } : {});
    const bytes = fromDisk(file, id);
    const body = Readable.from(range ? bytes : verified(bytes, id), { objectMode: false });
    body.once('close', () => file.destroy()); // even if nobody reads it
    return body;
  }

  async remove(id: Digest): Promise<void> {
    const file = this.#file(id);
    await asStorageError(`can't remove BLOB ${id}`, async () => {
      await unlink(file).catch(unless('ENOENT', undefined));
      await syncDirectory(path.dirname(file)).catch(unless('ENOENT', undefined));
    });
  }

  async *list(publishedBefore?: Date): AsyncIterable<Digest> {
    for (const first of await hexDirectories(this.directory))
      for (const second of await hexDirectories(path.join(this.directory, first)))
        for await (const { name } of await opendir(path.join(this.directory, first, second))) {
          const id = blobOfName(`${first}/${second}/${name}`);
          if (id !== null && (!publishedBefore || (await isOlder(this.#file(id), publishedBefore)))) yield id;
        }
  }

  async trash(id: Digest): Promise<void> {
    const file = this.#file(id);
    await asStorageError(`can't move BLOB ${id} to the trash`, async () => {
      const now = new Date();
      const there = await utimes(file, now, now).then(() => true, unless('ENOENT', false)); // purgeTrash goes by it
      if (there) await this.#move(file, this.#trashed(id));
    });
  }

  async restore(id: Digest): Promise<boolean> {
    const trashed = this.#trashed(id);
    return asStorageError(`can't restore BLOB ${id}`, async () => {
      const there = await stat(trashed).then(() => true, unless('ENOENT', false));
      if (there) await this.#move(trashed, this.#file(id));
      return there;
    });
  }

  async *listTrash(trashedBefore?: Date): AsyncIterable<Digest> {
    const names = await readdir(this.#trash).catch(unless('ENOENT', []));
    for (const name of names.sort())
      if (isDigest(`0x${name}`) && (!trashedBefore || (await isOlder(path.join(this.#trash, name), trashedBefore))))
        yield `0x${name}`;
  }

  async purgeTrash(before: Date): Promise<number> {
    return asStorageError("can't empty the trash", async () => {
      let purged = 0;
      for await (const id of this.listTrash(before)) {
        await unlink(this.#trashed(id));
        purged++;
      }
      if (purged > 0) await syncDirectory(this.#trash);
      return purged;
    });
  }

  async freeBytes(): Promise<number> {
    return asStorageError(`can't write to the BLOB directory ${this.directory}`, async () => {
      const probe = temporaryName(this.directory);
      await writeFile(probe, 'x');
      await unlink(probe);
      const { bavail, bsize } = await statfs(this.directory);
      return bavail * bsize;
    });
  }

  async #move(from: string, to: string): Promise<void> {
    await this.#makeDurable(path.dirname(to));
    await publishFile(from, to);
    await syncDirectory(path.dirname(from));
  }

  get #trash(): string {
    return path.join(this.directory, '.trash');
  }

  #trashed(id: Digest): string {
    return path.join(this.#trash, hexOf(id));
  }

  #file(id: Digest): string {
    return path.join(this.directory, blobName(id));
  }

  /**
   * That a directory exists does not mean that it survives a power cut: its creator may not have got as far as the fsync. So each
   * one is synced once per process, and all writers wait for that.
   */
  #makeDurable(directory: string): Promise<void> {
    let made = this.#durable.get(directory);
    if (!made) {
      made = (async () => {
        const parent = path.dirname(directory);
        if (parent !== this.directory) await this.#makeDurable(parent);
        // Not `recursive`, which would create the whole store anew if it had been moved away.
        await mkdir(directory, { mode: DIRECTORY_MODE }).catch(unless('EEXIST', undefined));
        await syncDirectory(parent);
      })();
      this.#durable.set(directory, made);
      made.catch(() => this.#durable.delete(directory));
    }
    return made;
  }
}

async function isOlder(file: string, moment: Date): Promise<boolean> {
  const status = await stat(file).catch(unless('ENOENT', null));
  return status !== null && status.mtime < moment;
}

async function hexDirectories(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(unless('ENOTDIR', []));
  return names.filter((name) => /^[0-9a-f]{2}$/.test(name)).sort();
}

/** For `catch`: the value to use for an error with this code; others are rethrown. */
const unless =
  <T>(code: string, instead: T) =>
  (error: unknown): T => {
    if (systemCode(error) === code) return instead;
    throw error;
  };
