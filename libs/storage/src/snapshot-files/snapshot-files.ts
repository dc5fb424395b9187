import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteRange } from '@cap/contracts';
import { CapError, systemCode } from '@cap/core';
import { temporaryName } from '@cap/core/files';
import type { S3Objects } from '../s3/s3-objects.js';
import { asStorageError } from '../storage-errors.js';

/** The database copies of snapshots, where every instance of the registry can read them. */
export interface SnapshotFiles {
  /** A local directory, used by this process alone, in which a file is written before `put`. */
  readonly staging: string;
  /** Moves a file out of the staging directory; readers see all of it or nothing. */
  put(name: string, file: string): Promise<void>;
  read(name: string, range?: ByteRange): Promise<Readable | null>;
  /** A local file with the same bytes, which `release` removes if it is temporary. */
  local(name: string): Promise<{ file: string; release(): Promise<void> } | null>;
  /** Does nothing if it does not exist. */
  remove(name: string): Promise<void>;
  list(): Promise<string[]>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function checked(name: string): string {
  if (NAME.test(name)) return name;
  throw new CapError('request.schema', `not a snapshot's name: ${name.slice(0, 80)}`);
}

/** In a directory that is created with the first file. */
export class DirectorySnapshotFiles implements SnapshotFiles {
  constructor(readonly staging: string) {}

  async put(name: string, file: string): Promise<void> {
    await asStorageError(`can't store snapshot ${name}`, () => rename(file, this.#at(name)));
  }

  async read(name: string, range?: ByteRange): Promise<Readable | null> {
    try {
      const handle = await open(this.#at(name), 'r');
      return handle.createReadStream(range ? { start: range.first, end: range.last } : {});
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  local(name: string): Promise<{ file: string; release(): Promise<void> } | null> {
    const file = this.#at(name);
    return Promise.resolve(existsSync(file) ? { file, release: () => Promise.resolve() } : null);
  }

  async remove(name: string): Promise<void> {
    await rm(this.#at(name), { force: true });
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.staging).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => NAME.test(name)).sort();
  }

  #at = (name: string): string => path.join(this.staging, checked(name));
}

const SNAPSHOTS = 'snapshots/';

/** Objects `snapshots/<name>`. */
export class S3SnapshotFiles implements SnapshotFiles {
  constructor(
    private readonly objects: S3Objects,
    readonly staging: string,
  ) {}

  async put(name: string, file: string): Promise<void> {
    await asStorageError(`can't store snapshot ${name}`, async () => {
      const hash = createHash('sha256');
      await pipeline(createReadStream(file), hash);
      const { size } = await stat(file);
      const content = { open: () => createReadStream(file), size, sha256: hash.digest() };
      await this.objects.put(SNAPSHOTS + checked(name), content);
      await rm(file);
    });
  }

  async read(name: string, range?: ByteRange): Promise<Readable | null> {
    return this.objects.get(SNAPSHOTS + checked(name), range);
  }

  async local(name: string): Promise<{ file: string; release(): Promise<void> } | null> {
    const body = await this.read(name);
    if (body === null) return null;
    return asStorageError(`can't fetch snapshot ${name}`, async () => {
      await mkdir(this.staging, { recursive: true, mode: 0o700 });
      const file = temporaryName(this.staging);
      const release = () => rm(file, { force: true });
      try {
        await pipeline(body, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
        return { file, release };
      } catch (error) {
        await release();
        throw error;
      }
    });
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
