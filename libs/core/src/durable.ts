import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, lstat, mkdir, open, readdir, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { CapError, systemCode } from './errors.js';

/**
 * Durable files, in one place. A file that these functions have written survives a power cut whole or not at all:
 *
 *   1. open a temporary file in the target's own directory (O_EXCL, final mode from the start)
 *   2. write everything; fsync the file         a crash before this leaves only `.tmp-…`, which nobody reads
 *   3. rename over the target                   atomic: readers see the old file or the new one
 *   4. fsync the directory                      without this the rename itself may be lost
 *
 * An error in any step removes the temporary file and is thrown: nothing is acknowledged.
 *
 * Only a regular file is replaced. Renaming over a device or a link would take it away from everybody else who uses it:
 * CapError output.refused, unless `special` says what else to do with it.
 */
export interface DurableOptions {
  /** File mode, default 0o644. */
  mode?: number;
  /** Refuse (EEXIST) instead of replacing an existing file. */
  exclusive?: boolean;
  /**
   * What happens to a target that is not a regular file. `write`, for a name given by a person: a device or pipe is written to
   * (which can't be durable), and a link is followed.
   */
  special?: 'refuse' | 'write';
}

export async function writeFileDurable(file: string, data: Uint8Array | string, options: DurableOptions = {}) {
  await writeDurable(file, async (handle) => void (await handle.writeFile(data)), options);
}

/** Like writeFileDurable, for content that `write` produces piece by piece on the open temporary file. */
export async function writeDurable<T>(
  file: string,
  write: (handle: FileHandle) => Promise<T>,
  options: DurableOptions = {},
): Promise<T> {
  const place = options.exclusive ? { file, into: false } : await placeOf(file, options.special ?? 'refuse');
  if (place.into) return writeInto(file, write);
  const directory = path.dirname(place.file);
  const temporary = temporaryName(directory);
  const handle = await open(temporary, 'wx', options.mode ?? 0o644);
  try {
    let result: T;
    try {
      result = await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await publishFile(temporary, place.file, options);
    return result;
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** The file that a rename may replace, or `into`: the thing that is there has to be written into. */
async function placeOf(file: string, special: 'refuse' | 'write'): Promise<{ file: string; into: boolean }> {
  const found = await statusOr(lstat(file));
  if (found === null || found.isFile() || found.isDirectory()) return { file, into: false }; // a directory: rename says so
  const target = special === 'write' ? await statusOr(stat(file)) : null;
  if (target === null)
    throw new CapError(
      'output.refused',
      `can't create ${file}: it exists, is ${found.isSymbolicLink() ? 'a link' : 'not a regular file'}, and is not replaced`,
    );
  return target.isFile() || target.isDirectory() ? { file: await realpath(file), into: false } : { file, into: true };
}

const statusOr = (status: Promise<Stats>): Promise<Stats | null> =>
  status.catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });

async function writeInto<T>(file: string, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, 'w');
  try {
    return await write(handle);
  } finally {
    await handle.close();
  }
}

/** Steps 3 and 4 for a temporary file that the caller wrote and fsynced in the target's file system. */
export async function publishFile(temporary: string, file: string, options: { exclusive?: boolean } = {}) {
  if (options.exclusive) {
    await link(temporary, file); // fails with EEXIST where rename would replace
    await unlink(temporary);
  } else {
    await rename(temporary, file);
  }
  await syncDirectory(path.dirname(file));
}

export const TEMPORARY_PREFIX = '.tmp-';
export const temporaryName = (directory: string): string =>
  path.join(directory, `${TEMPORARY_PREFIX}${randomBytes(8).toString('hex')}`);

/** Removes what a crash left half-written in a directory, which need not exist. Only its owner may do that. */
export async function removeTemporaries(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) if (name.startsWith(TEMPORARY_PREFIX)) await unlink(path.join(directory, name));
}

export async function syncDirectory(directory: string) {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems can't fsync a directory; they order the rename themselves.
    if (systemCode(error) !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}

/**
 * mkdir -p whose new directories are themselves durable. Mode applies to directories that are made. Not Node's own
 * `recursive`, which never returns where a directory that is there takes no new one and says ENOENT, as /proc does.
 */
export async function makeDirectoryDurable(directory: string, mode = 0o755): Promise<void> {
  const parent = path.dirname(path.resolve(directory));
  try {
    await mkdir(directory, { mode });
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await stat(directory)).isDirectory()) return;
    if (systemCode(error) !== 'ENOENT' || (await isThere(parent))) throw error;
    await makeDirectoryDurable(parent, mode);
    return makeDirectoryDurable(directory, mode);
  }
  await syncDirectory(parent);
}

const isThere = (name: string): Promise<boolean> =>
  stat(name).then(
    () => true,
    () => false,
  );
