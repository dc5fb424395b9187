import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Readable } from 'node:stream';
import { CapError, type Digest } from '@cap/crypto';
import { FileBlobStore } from './blobs/file-blob-store.js';
import { S3BlobStore } from './blobs/s3-blob-store.js';
import { FileCheckpointStore } from './checkpoints/file-checkpoint-store.js';
import { S3CheckpointStore } from './checkpoints/s3-checkpoint-store.js';
import { OwnerLock } from './database/owner-lock.js';
import { isPostgresUrl, PostgresDatabase } from './database/postgres-database.js';
import { type SqlDatabase } from './database/sql-database.js';
import { SqlRegistryStore } from './database/sql-registry-store.js';
import { SqliteDatabase } from './database/sqlite-database.js';
import { type WriteQueueOptions } from './database/write-queue.js';
import { TransparencyLog, type TransparencyLogOptions } from './log/transparency-log.js';
import { S3Objects, type S3Place } from './s3/s3-objects.js';
import { DirectorySnapshotFiles, S3SnapshotFiles, type SnapshotFiles } from './snapshot-files/snapshot-files.js';
import { type Snapshot, Snapshots } from './snapshots/snapshots.js';
import { type BlobStore, type ByteRange, type CheckpointStore, type RegistryStore } from './stores.js';

/** How long an upload is kept that nothing refers to, ms. */
export const UPLOAD_RETENTION_MS = 24 * 3_600_000;
const SWEEP_GROUP = 200;

/**
 * The embedded profile is an SQLite file, whose directory one process owns, and a directory of BLOBs. The scale-out profile is
 * a postgres:// URL and a bucket, for any number of processes that have no state of their own.
 */
export interface RegistryPlace {
  database: string;
  blobs: string | { s3: S3Place };
}

export interface RegistryOptions extends RegistryPlace {
  /** Said to a second process that wants the same data directory. */
  program: string;
  now?: () => Date;
  queue?: WriteQueueOptions;
  /** Without it nothing is signed and no receipt is given: for tools that only look or move data. */
  log?: TransparencyLogOptions | undefined;
}

/** A snapshot and what the log signed of it. */
export interface SignedSnapshot extends Snapshot {
  epoch: number;
  /** A signed note; null if the log was never signed. */
  checkpoint: string | null;
}

/** What a profile is made of. */
interface Stores {
  database: SqlDatabase;
  blobs: BlobStore;
  checkpoints: CheckpointStore;
  snapshotFiles: SnapshotFiles;
  /** Whether no other process can use the same stores. */
  alone: boolean;
  /** Lets go of what was held for these stores. */
  release: () => void;
}

/** The state of a registry: its database, BLOBs, log and snapshots. */
export class RegistryData {
  private constructor(
    readonly store: RegistryStore,
    readonly blobs: BlobStore,
    readonly checkpoints: CheckpointStore,
    readonly snapshots: Snapshots,
    private readonly signedLog: TransparencyLog | null,
    private readonly release: () => void,
    private readonly now: () => Date,
  ) {}

  /**
   * Brings the schema up to date; in the embedded profile this process owns the data directory from now on, and what a crash
   * left is cleared. CapError storage.owned, storage.version, storage.failed, storage.unavailable; log.cut, log.changed,
   * log.epoch.
   */
  static async open({ now = () => new Date(), queue, log, program, ...place }: RegistryOptions): Promise<RegistryData> {
    const stores = await storesOf(place, program);
    const { blobs, checkpoints, snapshotFiles, alone, release } = stores;
    const store = new SqlRegistryStore(stores.database, now, queue);
    try {
      const snapshots = await Snapshots.open(snapshotFiles, store, { now, alone });
      const signed = log ? await TransparencyLog.open(store, checkpoints, log) : null;
      return new RegistryData(store, blobs, checkpoints, snapshots, signed, release, now);
    } catch (error) {
      await store.close();
      release();
      throw error;
    }
  }

  /** CapError log.unsigned if the registry was opened without a key. */
  get log(): TransparencyLog {
    if (!this.signedLog) throw new CapError('config', 'log.unsigned', 'this registry was opened without a log key');
    return this.signedLog;
  }

  /** BLOB first, row second: a row never points to nothing. Durable once resolved. */
  async putBlob(
    body: AsyncIterable<Uint8Array>,
    { maxBytes, retain }: { maxBytes: number; retain: 'upload' | 'keep' },
  ): Promise<{ blob_id: Digest; size: number }> {
    const spooled = await this.blobs.spool(body, maxBytes);
    const { blob_id, size } = spooled;
    const until = new Date(this.now().getTime() + UPLOAD_RETENTION_MS).toISOString();
    try {
      // From here on no sweep takes a BLOB that is there already; if there is none, none can be swept.
      const promised = await this.store.promiseBlob(blob_id, until);
      await spooled.publish();
      if (!promised || retain === 'keep') await this.store.recordBlob(blob_id, size, retain === 'keep' ? null : until);
    } catch (error) {
      await spooled.discard();
      throw error;
    }
    return { blob_id, size };
  }

  /** A known BLOB's bytes; null for one that is unknown or whose upload has expired. CapError blob.missing, blob.corrupt. */
  async readBlob(id: Digest, range?: ByteRange): Promise<Readable | null> {
    const known = await this.store.findBlob(id);
    if (!known) return null;
    const body = await this.blobs.read(id, range);
    if (!body) throw new CapError('io', 'blob.missing', `BLOB ${id} is known, but its file is gone`);
    return body;
  }

  /** Keeps the answer to the request that holds this key; durable once resolved. CapError idempotency.in-flight. */
  async keepAnswer(
    { key_id, lease_id, status }: { key_id: Digest; lease_id: string; status: number },
    body: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<void> {
    // The BLOB is kept for 24 h from now, the key from its reservation: the row never outlives what it points to.
    const { blob_id } = await this.putBlob(body, { maxBytes, retain: 'upload' });
    await this.store.idempotency.finish(key_id, lease_id, { status, blob_id });
  }

  /** A lease on one consistent state, with the checkpoint of just that state, or an older one if nothing is signed here. */
  async createSnapshot(): Promise<SignedSnapshot> {
    const snapshot = await this.snapshots.create();
    const { epoch } = await this.store.epoch();
    const checkpoint = this.signedLog
      ? await this.signedLog.checkpointOf(snapshot.log_size)
      : await this.checkpoints.read(epoch);
    return { ...snapshot, epoch, checkpoint };
  }

  /** Removes uploads whose time has passed, and gives their number. Does nothing while a snapshot is lent out. */
  async sweepUploads(): Promise<number> {
    let swept = 0;
    for (;;) {
      const expired = await this.store.expiredBlobs(SWEEP_GROUP);
      if (expired.length === 0) return swept;
      const before = swept;
      for (const id of expired) if (await this.store.forgetExpiredBlob(id, () => this.blobs.remove(id))) swept++;
      if (swept === before) return swept; // they are wanted again, or must stay for a snapshot
    }
  }

  /** Removes idempotency keys whose time has passed, and gives their number. */
  async sweepKeys(): Promise<number> {
    let swept = 0;
    for (;;) {
      const removed = await this.store.idempotency.forgetExpired(SWEEP_GROUP);
      swept += removed;
      if (removed < SWEEP_GROUP) return swept;
    }
  }

  async close(): Promise<void> {
    await this.snapshots.close();
    await this.signedLog?.close();
    await this.store.close();
    this.release();
  }
}

function storesOf({ database, blobs }: RegistryPlace, program: string): Promise<Stores> {
  const shared = isPostgresUrl(database);
  if (typeof blobs === 'string' && !shared) return embedded(database, blobs, program);
  if (typeof blobs !== 'string' && shared) return scaleOut(database, blobs.s3);
  throw new CapError(
    'config',
    'config.invalid',
    'an SQLite file goes with a directory of BLOBs, PostgreSQL with a bucket',
  );
}

async function embedded(database: string, blobs: string, program: string): Promise<Stores> {
  const directory = path.dirname(path.resolve(database));
  const owner = await OwnerLock.acquire(directory, program);
  const release = () => owner.release();
  try {
    return {
      database: await SqliteDatabase.open(database, 'write'),
      blobs: await FileBlobStore.open(blobs),
      checkpoints: new FileCheckpointStore(path.join(directory, 'checkpoints')),
      snapshotFiles: new DirectorySnapshotFiles(path.join(directory, 'snapshots')),
      alone: true,
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function scaleOut(database: string, bucket: S3Place): Promise<Stores> {
  const objects = await S3Objects.open(bucket);
  const release = () => objects.close();
  try {
    const workshop = path.join(tmpdir(), `cap-snapshot-${randomUUID()}`); // made with the first file
    return {
      database: await PostgresDatabase.open(database),
      blobs: new S3BlobStore(objects),
      checkpoints: new S3CheckpointStore(objects),
      snapshotFiles: new S3SnapshotFiles(objects, workshop),
      alone: false,
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}
