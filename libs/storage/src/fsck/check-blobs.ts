import { finished } from 'node:stream/promises';
import { type Digest, streamingSha3 } from '@cap/crypto';
import { isCapError } from '@cap/core';
import { systemWords } from '@cap/core/files';
import type { SqlSession } from '../database/sql-database.js';
import type { StoredBlob } from '../records.js';
import type { BlobStore } from '../stores.js';
import type { Faults } from './faults.js';
import { pagesOf } from './paging.js';

export type ReadableBlobs = Pick<BlobStore, 'size' | 'read' | 'list'>;

/** Checks each row against the log, and counts the rows and their bytes. */
export async function checkBlobRows(
  session: SqlSession,
  erased: ReadonlyMap<string, string>,
  faults: Faults,
): Promise<{ blobs: number; blob_bytes: number }> {
  let [blobs, gone, blob_bytes] = [0, 0, 0];
  for await (const rows of pagesOf(session, 'blobs', 'blob_id'))
    for (const { blob_id, erased_at, size } of rows) {
      const logged = erased.get(blob_id) ?? null;
      if (erased_at !== logged) faults.add(`BLOB ${blob_id}`, `erased at ${erased_at}, the log says ${logged}`);
      if (logged !== null) gone++;
      if (erased_at !== null) continue;
      blobs++;
      blob_bytes += size;
    }
  if (gone !== erased.size)
    for (const bundle of erased.keys())
      if ((await session.all('SELECT 1 FROM blobs WHERE blob_id = ?', [bundle])).length === 0)
        faults.add(`BLOB ${bundle}`, 'the log says that it was erased, but it has no row');
  return { blobs, blob_bytes };
}

/**
 * Checks each BLOB's bytes against its name and row; an erased one must be gone. This can take hours, so it reads the rows a page at
 * a time, as they are by then. A running registry sweeps and erases, and what it removed meanwhile is not missing; `erased`:
 * those that were gone at the start.
 */
export async function checkBlobContents(
  session: SqlSession,
  blobs: ReadableBlobs,
  erased: ReadonlyMap<string, string>,
  faults: Faults,
  onProgress: (blobs: number) => void = () => undefined,
): Promise<void> {
  let read = 0;
  for await (const rows of pagesOf(session, 'blobs', 'blob_id'))
    for (const row of rows) {
      const { blob_id, erased_at } = row;
      const fault =
        erased_at === null
          ? await contentFault(blobs, row)
          : erased.has(blob_id)
            ? await presence(blobs, blob_id)
            : null; // erased just now: its file may be about to be removed
      if (fault && !(fault === GONE && (await wasRemoved(session, row)))) faults.add(`BLOB ${blob_id}`, fault);
      if (erased_at === null && ++read % 100 === 0) onProgress(read);
    }
}

const GONE = 'its file is gone';

async function wasRemoved(session: SqlSession, { blob_id }: StoredBlob): Promise<boolean> {
  const [row] = await session.all<StoredBlob>('SELECT * FROM blobs WHERE blob_id = ?', [blob_id]);
  return row === undefined || row.erased_at !== null;
}

async function contentFault(blobs: ReadableBlobs, { blob_id, size }: StoredBlob): Promise<string | null> {
  try {
    const onDisk = await blobs.size(blob_id);
    if (onDisk === null) return GONE;
    if (onDisk !== size) return `its file has ${onDisk} bytes, the row says ${size}`;
    await finished((await blobs.read(blob_id))!.resume());
    return null;
  } catch (error) {
    return isCapError(error) ? error.message : `can't be read: ${systemWords(error)}`;
  }
}

const presence = async (blobs: ReadableBlobs, id: Digest): Promise<string | null> =>
  (await blobs.size(id)) === null ? null : 'it was erased, but its file is there';

/** Checks each list's CSV against the list's hash. */
export async function checkListContents(session: SqlSession, blobs: ReadableBlobs, faults: Faults): Promise<void> {
  const done = new Set<string>();
  for await (const rows of pagesOf(session, 'lists', 'log_index'))
    for (const { hash, blob_id, size } of rows) {
      if (done.has(hash + blob_id) || faults.has(`BLOB ${blob_id}`)) continue;
      done.add(hash + blob_id);
      const body = await blobs.read(blob_id);
      if (body === null) continue; // reported already: its BLOB has no file, or the row no BLOB
      const content = streamingSha3();
      let bytes = 0;
      for await (const piece of body as AsyncIterable<Uint8Array>) {
        content.update(piece);
        bytes += piece.length;
      }
      const found = content.digest();
      if (found !== hash) faults.add(`list ${hash}`, `its content has the hash ${found}`);
      if (bytes !== size) faults.add(`list ${hash}`, `its content has ${bytes} bytes, the row says ${size}`);
    }
}

/** Files without a row: leftovers of a crash, which collection removes. */
export async function countOrphans(session: SqlSession, blobs: ReadableBlobs): Promise<number> {
  let orphans = 0;
  for await (const ids of groupsOf(blobs.list(), 500)) {
    const known = await session.all(`SELECT 1 FROM blobs WHERE blob_id IN (${ids.map(() => '?').join(', ')})`, ids);
    orphans += ids.length - known.length;
  }
  return orphans;
}

async function* groupsOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
