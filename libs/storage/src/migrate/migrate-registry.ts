import { rename } from 'node:fs/promises';
import path from 'node:path';
import type { S3Location } from '@cap/config';
import type { RegistryFault } from '@cap/contracts';
import { CapError } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { treeHash, treeHashIndexes } from '@cap/tlog/merkle';
import type { VerifierKey } from '@cap/tlog/notes';
import { FileBlobStore } from '../blobs/file-blob-store.js';
import { S3BlobStore } from '../blobs/s3-blob-store.js';
import { FileCheckpointStore } from '../checkpoints/file-checkpoint-store.js';
import { S3CheckpointStore } from '../checkpoints/s3-checkpoint-store.js';
import { copyTables } from '../database/copy-tables.js';
import { OwnerLock } from '../database/owner-lock.js';
import { fetchHashes } from '../database/pending-log.js';
import { PostgresDatabase } from '../database/postgres-database.js';
import type { SqlSession } from '../database/sql-database.js';
import { SqliteDatabase } from '../database/sqlite-database.js';
import { type RegistryVerification, verifyRegistry, verifyStores } from '../fsck/verify-registry.js';
import { S3Objects } from '../s3/s3-objects.js';
import type { BlobStore, CheckpointStore } from '../stores.js';

export interface MigrateOptions {
  /** Checks source and target and changes nothing. */
  dryRun?: boolean | undefined;
  /** The keys with which the target will sign: the source's checkpoints must be signed with them. */
  logKeys?: readonly VerifierKey[] | undefined;
  onProgress?: ((text: string) => void) | undefined;
}

export interface MigrationReport {
  ok: boolean;
  dry_run: boolean;
  log_size: number;
  /** Root of the log's tree at the target, base64. */
  root_hash: string | null;
  entries: number;
  blobs: number;
  blob_bytes: number;
  checkpoints: number;
  /** BLOBs copied now; the others had been copied by an earlier run. */
  blobs_put: number;
  /** What is wrong: with the source, then nothing was moved; or with the target, which then must not be used. */
  faults: RegistryFault[];
  /** The old database under its new name, if all was moved. */
  kept_as: string | null;
}

const AT_ONCE = 8;

/**
 * Moves a registry from the embedded to the scale-out profile. BLOBs first, each under its hash, so that an interrupted run can
 * be resumed; then every table in one transaction; then checkpoints. Then everything is derived again at the target. The log
 * continues there in the same epoch, so it must not continue at the source: its database is renamed, and a registry started there
 * finds its log cut. CapError storage.owned for a source in use; migrate.not-empty; file.missing, storage.unavailable.
 */
export async function migrateRegistry(
  from: { database: string; blobs: string },
  to: { database: string; s3: S3Location },
  { dryRun = false, logKeys, onProgress = () => undefined }: MigrateOptions = {},
): Promise<MigrationReport> {
  const directory = path.dirname(path.resolve(from.database));
  const owner = await OwnerLock.acquire(directory, 'cap registry migrate');
  const objects = await S3Objects.open(to.s3);
  try {
    const kept = new FileCheckpointStore(path.join(directory, 'checkpoints'));
    const shared = new S3CheckpointStore(objects);
    const onBlobs = (blobs: number) => onProgress(`${blobs} BLOBs of the source read`);
    const source = await verifyRegistry(directory, { ...from, logKeys, onProgress: onBlobs });
    await assertUnusedTarget(to.database, kept, shared);
    if (!source.ok || dryRun) return migration(source, { dry_run: dryRun });
    const moved = await moveAll(
      source,
      { from, to: to.database },
      { blobs: new S3BlobStore(objects), checkpoints: { kept, shared } },
      { logKeys, onProgress },
    );
    const result = migration(source, moved);
    return result.ok ? { ...result, kept_as: await renameMigrated(from.database) } : result;
  } finally {
    objects.close();
    owner.release();
  }
}

const migration = (source: RegistryVerification, more: Partial<MigrationReport>): MigrationReport => {
  const { log_size, entries, blobs, blob_bytes, checkpoints } = source;
  const all = {
    ...{ dry_run: false, log_size, root_hash: null, entries, blobs, blob_bytes, checkpoints, blobs_put: 0 },
    ...{ faults: source.faults, kept_as: null },
    ...more,
  };
  return { ok: all.faults.length === 0, ...all };
};

/** Refuses a database with anything in it, and checkpoints of another log. */
async function assertUnusedTarget(url: string, kept: CheckpointStore, shared: CheckpointStore): Promise<void> {
  const used = (what: string) => new CapError('migrate.not-empty', `${what}: the target must be empty`);
  if (!(await PostgresDatabase.isEmpty(url))) throw used('the database has rows already');
  for (const epoch of await shared.epochs())
    if ((await shared.read(epoch)) !== (await kept.read(epoch)))
      throw used(`the bucket has a checkpoint of epoch ${epoch} that is not the source's`);
}

interface Target {
  blobs: BlobStore;
  checkpoints: { kept: CheckpointStore; shared: CheckpointStore };
}

async function moveAll(
  source: RegistryVerification,
  place: { from: { database: string; blobs: string }; to: string },
  { blobs, checkpoints }: Target,
  { logKeys, onProgress: tell }: Pick<MigrateOptions, 'logKeys'> & { onProgress: (text: string) => void },
): Promise<Partial<MigrationReport>> {
  const from = await SqliteDatabase.open(place.from.database, 'write'); // an older schema is migrated
  try {
    const to = await PostgresDatabase.open(place.to);
    try {
      const blobs_put = await putBlobs(from.reading, FileBlobStore.readOnly(place.from.blobs), blobs, (count) =>
        tell(`${count} BLOBs there`),
      );
      await copyTables(from.reading, to, (rows) => tell(`${rows} rows copied`));
      for (const epoch of await checkpoints.kept.epochs())
        await checkpoints.shared.write(epoch, (await checkpoints.kept.read(epoch))!);
      const onBlobs = (count: number) => tell(`${count} BLOBs of the target read`);
      const stores = { database: to, blobs, checkpoints: checkpoints.shared };
      const target = await verifyStores(stores, { logKeys, onProgress: onBlobs });
      const [before, after] = [await rootOf(from.reading), await rootOf(to.reading)];
      const same = { log_size: 0, head_digest: 0, entries: 0, blobs: 0, blob_bytes: 0, checkpoints: 0 };
      const differences = (Object.keys(same) as (keyof typeof same)[])
        .filter((name) => source[name] !== target[name])
        .map((name) => ({ object: name, message: `${source[name]} at the source, ${target[name]} at the target` }));
      if (before !== after) differences.push({ object: 'log_size', message: 'the trees of the two logs differ' });
      return { blobs_put, root_hash: after, faults: [...target.faults, ...differences] };
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** Copies what is not there yet and returns the number copied; expired uploads may be gone. */
async function putBlobs(
  database: SqlSession,
  from: Pick<BlobStore, 'read'>,
  to: BlobStore,
  onProgress: (count: number) => void,
): Promise<number> {
  let put = 0;
  let seen = 0;
  let after = '';
  for (;;) {
    const rows = await database.all<{ blob_id: Digest; size: number }>(
      'SELECT blob_id, size FROM blobs WHERE erased_at IS NULL AND blob_id > ? ORDER BY blob_id LIMIT ?',
      [after, AT_ONCE],
    );
    if (rows.length === 0) return put;
    const done = await Promise.all(rows.map((row) => putBlob(row, from, to)));
    put += done.filter(Boolean).length;
    after = rows.at(-1)!.blob_id;
    onProgress((seen += rows.length));
  }
}

async function putBlob(
  { blob_id, size }: { blob_id: Digest; size: number },
  from: Pick<BlobStore, 'read'>,
  to: BlobStore,
): Promise<boolean> {
  if ((await to.size(blob_id)) === size) return false;
  const body = await from.read(blob_id);
  if (!body) return false;
  const spooled = await to.spool(body, size);
  try {
    await spooled.publish();
    return true;
  } catch (error) {
    await spooled.discard();
    throw error;
  }
}

async function rootOf(session: SqlSession): Promise<string> {
  const [head] = await session.all<{ seq: number }>('SELECT seq FROM events ORDER BY seq DESC LIMIT 1');
  const size = head ? head.seq + 1 : 0;
  return treeHash(size, await fetchHashes(session, treeHashIndexes(size))).toString('base64');
}

/** So that no registry is started on it by mistake: the log continues elsewhere, and would be signed twice. */
async function renameMigrated(file: string): Promise<string> {
  SqliteDatabase.asSingleFile(file);
  const kept = `${file}.migrated`;
  await rename(file, kept);
  return kept;
}
