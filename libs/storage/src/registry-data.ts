import path from 'node:path';
import { type Readable } from 'node:stream';
import { CapError, type Digest } from '@cap/crypto';
import { FileCheckpointStore } from './checkpoints/file-checkpoint-store.js';
import { FileBlobStore } from './blobs/file-blob-store.js';
import { KeyedLock } from './blobs/keyed-lock.js';
import { OwnerLock } from './database/owner-lock.js';
import { type SqlDatabase } from './database/sql-database.js';
import { SqlRegistryStore } from './database/sql-registry-store.js';
import { SqliteDatabase } from './database/sqlite-database.js';
import { type WriteQueueOptions } from './database/write-queue.js';
import { TransparencyLog, type TransparencyLogOptions } from './log/transparency-log.js';
import { type Snapshot, Snapshots } from './snapshots/snapshots.js';
import { type BlobStore, type ByteRange, type CheckpointStore, type RegistryStore } from './stores.js';

/** How long an upload is kept that nothing refers to, ms. */
export const UPLOAD_RETENTION_MS = 24 * 3_600_000;
const SWEEP_GROUP = 200;

export interface RegistryPlace {
  /** SQLite file. Its directory is the data directory that one process owns. */
  database: string;
  /** Directory. */
  blobs: string;
}

export interface RegistryOptions extends RegistryPlace {
  /** Said to a second process that wants the same directory. */
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
  /** Where a snapshot's database copy lies while it is lent out. */
  snapshots: string;
  /** Lets go of what only one process may have. */
  release: () => void;
}

/** The state of a registry: its database, BLOBs, log and snapshots. */
export class RegistryData {
  readonly #locks = new KeyedLock();
  #removing: Promise<unknown> = Promise.resolve();

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
   * The embedded profile: a data directory that this process owns. Brings the schema up to date and clears what a crash left.
   * CapError storage.owned, storage.version, storage.failed; log.cut, log.changed, log.epoch.
   */
  static async open({ database, blobs, program, ...options }: RegistryOptions): Promise<RegistryData> {
    const directory = path.dirname(path.resolve(database));
    const owner = await OwnerLock.acquire(directory, program);
    return RegistryData.#assemble(options, async () => ({
      database: await SqliteDatabase.open(database, 'write'),
      blobs: await FileBlobStore.open(blobs),
      checkpoints: new FileCheckpointStore(path.join(directory, 'checkpoints')),
      snapshots: path.join(directory, 'snapshots'),
      release: () => owner.release(),
    })).catch((error: unknown) => {
      owner.release();
      throw error;
    });
  }

  static async #assemble(
    { now = () => new Date(), queue, log }: Pick<RegistryOptions, 'now' | 'queue' | 'log'>,
    open: () => Promise<Stores>,
  ): Promise<RegistryData> {
    const stores = await open();
    const store = new SqlRegistryStore(stores.database, now, queue);
    try {
      const snapshots = await Snapshots.open(stores.snapshots, store, now);
      const signed = log ? await TransparencyLog.open(store, stores.checkpoints, log) : null;
      return new RegistryData(store, stores.blobs, stores.checkpoints, snapshots, signed, stores.release, now);
    } catch (error) {
      await store.close();
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
    const until = retain === 'keep' ? null : new Date(this.now().getTime() + UPLOAD_RETENTION_MS).toISOString();
    // Under the lock no sweep comes between the file and its row.
    await this.#locks.run(blob_id, async () => {
      try {
        await spooled.publish();
      } catch (error) {
        await spooled.discard();
        throw error;
      }
      await this.store.recordBlob(blob_id, size, until);
    });
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
    const snapshot = await this.snapshots.create(this.#removing);
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
      for (const id of expired) {
        if (this.snapshots.active) return swept;
        const removal = this.#locks.run(id, async () => {
          if (!(await this.store.forgetExpiredBlob(id))) return;
          await this.blobs.remove(id);
          swept++;
        });
        this.#removing = removal.catch(() => undefined);
        await removal;
      }
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
    await this.#removing;
    await this.snapshots.close();
    await this.signedLog?.close();
    await this.store.close();
    this.release();
  }
}
