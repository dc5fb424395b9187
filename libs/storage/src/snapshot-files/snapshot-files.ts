import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CapError, systemCode, temporaryName } from '@cap/crypto';
import { type S3Objects } from '../s3/s3-objects.js';
import { asStorageError } from '../storage-errors.js';
import { type ByteRange } from '../stores.js';

/** Files of snapshots that are lent out, where every instance of the registry can read them. */
export interface SnapshotFiles {
  /** Copies a local file; readers see all of it or nothing. */
  put(name: string, file: string): Promise<void>;
  read(name: string, range?: ByteRange): Promise<Readable | null>;
  /** Nothing happens if it is not there. */
  remove(name: string): Promise<void>;
  list(): Promise<string[]>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function checked(name: string): string {
  if (NAME.test(name)) return name;
  throw new CapError('input', 'request.schema', `not a snapshot's name: ${name.slice(0, 80)}`);
}

/** In a directory that is made with the first file. */
export class DirectorySnapshotFiles implements SnapshotFiles {
  constructor(private readonly directory: string) {}

  async put(name: string, file: string): Promise<void> {
    const target = path.join(this.directory, checked(name));
    await asStorageError(`can't keep snapshot ${name}`, async () => {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      const temporary = temporaryName(this.directory);
      try {
        await copyFile(file, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  }

  async read(name: string, range?: ByteRange): Promise<Readable | null> {
    try {
      const handle = await open(path.join(this.directory, checked(name)), 'r');
      return handle.createReadStream(range ? { start: range.first, end: range.last } : {});
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    await rm(path.join(this.directory, checked(name)), { force: true });
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => NAME.test(name)).sort();
  }
}

const SNAPSHOTS = 'snapshots/';

/** Objects `snapshots/<name>`. */
export class S3SnapshotFiles implements SnapshotFiles {
  constructor(private readonly objects: S3Objects) {}

  async put(name: string, file: string): Promise<void> {
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    const { size } = await stat(file);
    await this.objects.put(SNAPSHOTS + checked(name), {
      open: () => createReadStream(file),
      size,
      sha256: hash.digest(),
    });
  }

  async read(name: string, range?: ByteRange): Promise<Readable | null> {
    return this.objects.get(SNAPSHOTS + checked(name), range);
  }

  async remove(name: string): Promise<void> {
    await this.objects.remove(SNAPSHOTS + checked(name));
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    for await (const { key } of this.objects.list(SNAPSHOTS)) names.push(key.slice(SNAPSHOTS.length));
    return names.filter((name) => NAME.test(name));
  }
}
