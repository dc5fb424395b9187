import path from 'node:path';
import { type Readable } from 'node:stream';
import { CapError, type Digest } from '@cap/crypto';
import { FileBlobStore } from './blobs/file-blob-store.js';
import { KeyedLock } from './blobs/keyed-lock.js';
import { OwnerLock } from './database/owner-lock.js';
import { SqliteRegistryStore } from './database/sqlite-registry-store.js';
import { type WriteQueueOptions } from './database/write-queue.js';
import { type Snapshot, Snapshots } from './snapshots/snapshots.js';
import { type BlobStore, type ByteRange, type RegistryStore } from './stores.js';

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
}

/** The embedded profile: a data directory that this process owns, with its database, BLOBs and snapshots. */
export class RegistryData {
  readonly #locks = new KeyedLock();
  #removing: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly store: RegistryStore,
    readonly blobs: BlobStore,
    readonly snapshots: Snapshots,
    private readonly owner: OwnerLock,
    private readonly options: Required<Pick<RegistryOptions, 'now' | 'database'>>,
  ) {}

  /** Brings the schema up to date and clears what a crash left. CapError storage.owned, storage.version, storage.failed. */
  static async open({
    database,
    blobs,
    program,
    now = () => new Date(),
    queue = {},
  }: RegistryOptions): Promise<RegistryData> {
    const directory = path.dirname(path.resolve(database));
    const owner = await OwnerLock.acquire(directory, program);
    try {
      const blobStore = await FileBlobStore.open(blobs);
      const store = await SqliteRegistryStore.open(database, now, queue);
      const snapshots = await Snapshots.open(path.join(directory, 'snapshots'), store, now);
      return new RegistryData(store, blobStore, snapshots, owner, { now, database });
    } catch (error) {
      owner.release();
      throw error;
    }
  }

  /** BLOB first, row second: a row never points to nothing. Durable once resolved. */
  async putBlob(
    body: AsyncIterable<Uint8Array>,
    { maxBytes, retain }: { maxBytes: number; retain: 'upload' | 'keep' },
  ): Promise<{ blob_id: Digest; size: number }> {
    const spooled = await this.blobs.spool(body, maxBytes);
    const { blob_id, size } = spooled;
    const until = retain === 'keep' ? null : new Date(this.options.now().getTime() + UPLOAD_RETENTION_MS).toISOString();
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

  createSnapshot(): Promise<Snapshot> {
    return this.snapshots.create(this.options.database, this.#removing);
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
    await this.store.close();
    this.owner.release();
  }
}
