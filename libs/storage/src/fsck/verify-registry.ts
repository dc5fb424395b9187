import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { S3Location } from '@cap/config';
import type { RegistryFault } from '@cap/contracts';
import { CapError } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { GENESIS_DIGEST } from '@cap/tlog';
import type { VerifierKey } from '@cap/tlog/notes';
import { FileBlobStore } from '../blobs/file-blob-store.js';
import { S3BlobStore } from '../blobs/s3-blob-store.js';
import { FileCheckpointStore } from '../checkpoints/file-checkpoint-store.js';
import { S3CheckpointStore } from '../checkpoints/s3-checkpoint-store.js';
import { PostgresDatabase } from '../database/postgres-database.js';
import type { SqlDatabase, SqlSession } from '../database/sql-database.js';
import { SqliteDatabase } from '../database/sqlite-database.js';
import { S3Objects } from '../s3/s3-objects.js';
import { storageError } from '../storage-errors.js';
import type { CheckpointStore } from '../stores.js';
import {
  checkBlobContents,
  checkBlobRows,
  checkListContents,
  countOrphans,
  type ReadableBlobs,
} from './check-blobs.js';
import { checkCheckpoints, readCheckpoints } from './check-checkpoints.js';
import { LogCheck, type LogState } from './check-log.js';
import { checkReferences, checkState, checkTotals } from './check-rows.js';
import { checkFile, checkForeignKeys, checkSchema } from './check-sqlite.js';
import { FaultLimitReached, Faults } from './faults.js';

export interface RegistryVerification {
  ok: boolean;
  /** In the order found; the first one names the first bad object. At most `maxFaults`. */
  faults: RegistryFault[];
  log_size: number;
  head_digest: Digest;
  /** Time of the newest event. */
  newest_event_at: string | null;
  entries: number;
  blobs: number;
  blob_bytes: number;
  /** Files without a row: harmless leftovers of a crash. */
  orphans: number;
  /** How many checkpoints the log was compared with, and whether their signatures were checked. */
  checkpoints: number;
  signatures_checked: boolean;
}

export interface VerifyOptions {
  maxFaults?: number;
  /** The log's public keys: without them the signatures of checkpoints are not checked. */
  logKeys?: readonly VerifierKey[] | undefined;
  /** Called now and then with the number of BLOBs read. */
  onProgress?: (blobs: number) => void;
}
export interface VerifyRegistryOptions extends VerifyOptions {
  /** Default: registry.db, blobs/ and checkpoints/ in the data directory. */
  database?: string;
  blobs?: string;
  checkpoints?: string;
}

/** A registry of either profile. */
export interface RegistryStores {
  database: SqlDatabase;
  blobs: ReadableBlobs;
  checkpoints: Pick<CheckpointStore, 'read' | 'epochs'>;
}

/**
 * Derives everything again from what is on disk, read-only, even while a registry runs. Faults are the result, never thrown;
 * CapError file.missing if there is no registry.
 */
export async function verifyRegistry(
  dataDirectory: string,
  options: VerifyRegistryOptions = {},
): Promise<RegistryVerification> {
  const at = (name: 'blobs' | 'checkpoints') => options[name] ?? path.join(dataDirectory, name);
  const file = options.database ?? path.join(dataDirectory, 'registry.db');
  const beside = {
    blobs: FileBlobStore.readOnly(at('blobs')),
    checkpoints: new FileCheckpointStore(at('checkpoints')),
  };
  let database: SqliteDatabase;
  try {
    database = await SqliteDatabase.open(file, 'read');
  } catch (cause) {
    if (!(await exists(file))) throw new CapError('file.missing', `no registry database at ${file}`, { cause });
    return failed(cause, file);
  }
  try {
    if (database.isCurrent) return await verifyStores({ database, ...beside }, options);
    return await verifyOlderSchema(database, beside, options);
  } catch (error) {
    return failed(error, file);
  } finally {
    await database.close();
  }
}

/** The same of the scale-out profile. CapError storage.unavailable if one of the two stores can't be reached. */
export async function verifyScaleOut(
  { database: url, s3 }: { database: string; s3: S3Location },
  options: VerifyOptions = {},
): Promise<RegistryVerification> {
  const database = await PostgresDatabase.open(url, 'read');
  try {
    const objects = await S3Objects.open(s3);
    const stores = { database, blobs: new S3BlobStore(objects), checkpoints: new S3CheckpointStore(objects) };
    return await verifyStores(stores, options).finally(() => objects.close());
  } finally {
    await database.close();
  }
}

/** Migrates a copy and checks that: what is on disk stays as it is. */
async function verifyOlderSchema(
  database: SqliteDatabase,
  beside: Omit<RegistryStores, 'database'>,
  options: VerifyOptions,
): Promise<RegistryVerification> {
  const directory = await mkdtemp(path.join(tmpdir(), 'cap-fsck-'));
  try {
    const file = path.join(directory, 'registry.db');
    await database.copyTo(file);
    const copy = await SqliteDatabase.open(file, 'write');
    try {
      return await verifyStores({ database: copy, ...beside }, options);
    } finally {
      await copy.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Checks: the engine's own, the hash chain and the tree of the log, each row against the event that created it, the log against
 * its checkpoints, each BLOB against its name, each list and policy against its hash. Only what later events change is read in one
 * state of the database. The rest, which takes long, is read a page at a time: during a long read transaction SQLite's write-ahead
 * log would keep growing.
 */
export async function verifyStores(
  { database, blobs, checkpoints }: RegistryStores,
  { maxFaults = 100, logKeys, onProgress }: VerifyOptions = {},
): Promise<RegistryVerification> {
  const faults = new Faults(maxFaults);
  const found = { ...NOTHING, signatures_checked: logKeys !== undefined };
  const sqlite = database.engine === 'sqlite';
  try {
    // Read first: the log may only have grown since.
    const kept = await readCheckpoints(checkpoints, faults);
    found.checkpoints = kept.length;
    if (sqlite) await checkFile(database.reading, faults);
    const check = new LogCheck(
      kept.map(({ checkpoint }) => checkpoint.size),
      faults,
    );
    await check.walk(database.reading);
    const log = await database.snapshot(async (session) => {
      const state = await check.finish(session);
      Object.assign(found, headOf(state));
      checkCheckpoints(kept, state, logKeys, faults);
      Object.assign(found, await checkRowsAsOf(session, state, faults));
      return state;
    });
    if (sqlite) await checkForeignKeys(database.reading, faults);
    if (sqlite) await checkSchema(database.reading, faults);
    await checkBlobContents(database.reading, blobs, log.erased, faults, onProgress);
    await checkListContents(database.reading, blobs, faults);
    found.orphans = await countOrphans(database.reading, blobs);
  } catch (error) {
    if (!(error instanceof FaultLimitReached)) faults.list.push(databaseFault(error, 'database'));
  }
  return { ...found, ok: faults.list.length === 0, faults: faults.list };
}

async function checkRowsAsOf(
  session: SqlSession,
  log: LogState,
  faults: Faults,
): Promise<{ entries: number; blobs: number; blob_bytes: number }> {
  const { entries } = await checkState(session, log, faults);
  await checkReferences(session, faults);
  const counted = await checkBlobRows(session, log.erased, faults);
  await checkTotals(session, { entries, blob_bytes: counted.blob_bytes }, faults);
  return { entries, ...counted };
}

const NOTHING: Omit<RegistryVerification, 'ok' | 'faults'> = {
  log_size: 0,
  head_digest: GENESIS_DIGEST,
  newest_event_at: null,
  entries: 0,
  blobs: 0,
  blob_bytes: 0,
  orphans: 0,
  checkpoints: 0,
  signatures_checked: false,
};

const headOf = ({ head }: LogState) =>
  head && { log_size: head.seq + 1, head_digest: head.digest, newest_event_at: head.ts };

const failed = (error: unknown, what: string): RegistryVerification => ({
  ...NOTHING,
  ok: false,
  faults: [databaseFault(error, what)],
});

const databaseFault = (error: unknown, what: string): RegistryFault => ({
  object: 'database',
  message: (storageError(error, what) as Error).message,
});

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
