import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Readable } from 'node:stream';
import { CapError, isCapError, makeDirectoryDurable, removeTemporaries } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { FileBlobStore } from './blobs/file-blob-store.js';
import { S3BlobStore } from './blobs/s3-blob-store.js';
import { FileCheckpointStore } from './checkpoints/file-checkpoint-store.js';
import { S3CheckpointStore } from './checkpoints/s3-checkpoint-store.js';
import { type Collected, collectFiles, type CollectOptions } from './collection/collect.js';
import { OwnerLock } from './database/owner-lock.js';
import { isPostgresUrl, PostgresDatabase } from './database/postgres-database.js';
import { type SqlDatabase } from './database/sql-database.js';
import { RegistryStore } from './database/registry-store.js';
import { SqliteDatabase } from './database/sqlite-database.js';
import { type WriteQueueOptions } from './database/write-queue.js';
import { OpenPlaces, type PlaceName } from './open-places.js';
import { TransparencyLog, type TransparencyLogOptions } from './log/transparency-log.js';
import { S3Objects, type S3Place } from './s3/s3-objects.js';
import { DirectorySnapshotFiles, S3SnapshotFiles, type SnapshotFiles } from './snapshot-files/snapshot-files.js';
import { type Snapshot, Snapshots } from './snapshots/snapshots.js';
import {
  type AgedBundle,
  type BlobStore,
  type ByteRange,
  type CheckpointStore,
  type Erasure,
  type ErasureReason,
} from './stores.js';

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

/** What was erased because it is old, or would be. */
export interface Retired {
  /** RFC 3339 UTC. */
  before: string;
  bundles: AgedBundle[];
  /** Whether there are others. */
  more: boolean;
}

/** What a profile is made of. */
interface Stores {
  database: SqlDatabase;
  blobs: BlobStore;
  checkpoints: CheckpointStore;
  snapshotFiles: SnapshotFiles;
  /** Whether no other process can use the same stores. */
  alone: boolean;
  /** Files and directories that must stay in their places. */
  places: OpenPlaces;
  /** Lets go of what was held for these stores. */
  release: () => void;
}

/** The state of a registry: its database, BLOBs, log and snapshots. */
export class RegistryData {
  /** Told of each BLOB that a read finds broken: blob.corrupt or blob.missing, with its id in `details`. */
  onBrokenBlob: (error: CapError) => void = () => undefined;

  private constructor(
    readonly store: RegistryStore,
    readonly blobs: BlobStore,
    readonly checkpoints: CheckpointStore,
    readonly snapshots: Snapshots,
    private readonly signedLog: TransparencyLog | null,
    private readonly places: OpenPlaces,
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
    const { blobs, checkpoints, snapshotFiles, alone, places, release } = stores;
    const store = new RegistryStore(stores.database, now, queue);
    try {
      const snapshots = await Snapshots.open(snapshotFiles, store, { now, alone });
      const signed = log ? await TransparencyLog.open(store, checkpoints, log) : null;
      return new RegistryData(store, blobs, checkpoints, snapshots, signed, places, release, now);
    } catch (error) {
      await store.close();
      release();
      throw error;
    }
  }

  /** CapError log.unsigned if the registry was opened without a key. */
  get log(): TransparencyLog {
    if (!this.signedLog) throw new CapError('log.unsigned', 'this registry was opened without a log key');
    return this.signedLog;
  }

  /** CapError storage.unavailable if this part of the state was moved away or replaced since it was opened. */
  assertInPlace(name: PlaceName): void {
    this.places.assertThere(name);
  }

  /** BLOB first, row second: a row never points to nothing. Durable once resolved. */
  async putBlob(
    body: AsyncIterable<Uint8Array>,
    { maxBytes, retain }: { maxBytes: number; retain: 'upload' | 'keep' },
  ): Promise<{ blob_id: Digest; size: number }> {
    this.places.assertThere();
    const spooled = await this.blobs.spool(body, maxBytes);
    const { blob_id, size } = spooled;
    const until = retain === 'keep' ? null : new Date(this.now().getTime() + UPLOAD_RETENTION_MS).toISOString();
    try {
      await spooled.publish();
      await this.#record(blob_id, size, until);
    } catch (error) {
      await spooled.discard();
      throw error;
    }
    return { blob_id, size };
  }

  /** A collection that saw the file without its row may have put it into the trash: whoever stores a row looks again. */
  async #record(blobId: Digest, size: number, retainUntil: string | null): Promise<void> {
    try {
      await this.store.recordBlob(blobId, size, retainUntil);
    } catch (error) {
      if (isCapError(error) && error.code === 'bundle.erased') await this.blobs.remove(blobId);
      throw error;
    }
    if ((await this.blobs.size(blobId)) === null && !(await this.blobs.restore(blobId)))
      throw new CapError('blob.missing', `BLOB ${blobId} is gone while it was stored`);
  }

  /** A known BLOB's bytes; null for one that is unknown or whose upload has expired. CapError blob.missing, blob.corrupt. */
  async readBlob(id: Digest, range?: ByteRange): Promise<Readable | null> {
    const known = await this.store.findBlob(id);
    if (!known) return null;
    const size = await this.blobs.size(id);
    const body = size === known.size ? await this.blobs.read(id, range) : null;
    if (!body) {
      const broken =
        size === null || size === known.size
          ? new CapError('blob.missing', `BLOB ${id} is known, but its file is gone`, { details: { id } })
          : new CapError('blob.corrupt', `BLOB ${id}: its file has ${size} bytes, not ${known.size}`, {
              details: { id },
            });
      this.onBrokenBlob(broken);
      throw broken;
    }
    body.once('error', (error) => {
      if (isCapError(error)) this.onBrokenBlob(error);
    });
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

  /** Moves to the trash what no row wants, and empties the trash of what is old. Does nothing while a snapshot is lent out. */
  async collect(options: CollectOptions = {}): Promise<Collected> {
    const held_up = await this.snapshots.active();
    if (held_up) return { uploads: 0, orphans: 0, restored: 0, purged: 0, held_up };
    const uploads = options.dryRun ? await this.store.countExpiredBlobs() : await this.sweepUploads();
    const files = await collectFiles(this.store, this.blobs, options, async () => !(await this.snapshots.active()));
    return { uploads, ...files, held_up };
  }

  /**
   * The bundle is gone for good, and the company that its entries name; the entries and their proofs stay. Durable once
   * resolved. CapError entry.unknown; bundle.held, bundle.shared; snapshot.busy while a backup may still fetch it.
   */
  async eraseBundle(entryOrBundle: string, reason: ErasureReason): Promise<Erasure> {
    if (await this.snapshots.active())
      throw new CapError('snapshot.busy', 'a snapshot is lent out, and may still be asked for this bundle');
    const erasure = await this.store.eraseBundle(entryOrBundle, reason);
    // Out of the trash too, should it be there.
    await this.blobs.restore(erasure.bundle_id);
    await this.blobs.remove(erasure.bundle_id);
    return erasure;
  }

  /** Erases the bundles whose newest entry is older, but for those that are held; only names them in a dry run. */
  async retire(
    years: number,
    { dryRun = false, limit = 1_000 }: { dryRun?: boolean; limit?: number } = {},
  ): Promise<Retired> {
    const before = yearsBefore(this.now(), years);
    const bundles: AgedBundle[] = [];
    let after: number | undefined;
    while (bundles.length < limit) {
      const group = await this.store.bundlesOlderThan(before, Math.min(SWEEP_GROUP, limit - bundles.length), after);
      if (group.length === 0) break;
      if (!dryRun) for (const { bundle_id } of group) await this.eraseBundle(bundle_id, 'retention');
      bundles.push(...group);
      after = group.at(-1)!.log_index;
    }
    return { before, bundles, more: (await this.store.bundlesOlderThan(before, 1, after)).length > 0 };
  }

  /** Why there is no such BLOB, in words. */
  async unknownBlob(id: Digest): Promise<CapError> {
    const { erased } = await this.store.wantedBlobs([id]);
    return erased.has(id)
      ? new CapError('bundle.unknown', `BLOB ${id} was erased: its entries and their proofs stay`)
      : new CapError('bundle.unknown', `no BLOB ${id}: it was never stored, or its upload has expired`);
  }

  /** Moves uploads whose time has passed to the trash, and gives their number. Does nothing while a snapshot is lent out. */
  async sweepUploads(): Promise<number> {
    let swept = 0;
    for (;;) {
      const expired = await this.store.expiredBlobs(SWEEP_GROUP);
      if (expired.length === 0) return swept;
      const before = swept;
      for (const id of expired) if (await this.store.forgetExpiredBlob(id, () => this.blobs.trash(id))) swept++;
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

/** 29 February is 1 March in a year that has none. */
function yearsBefore(now: Date, years: number): string {
  const moment = new Date(now);
  moment.setUTCFullYear(moment.getUTCFullYear() - years);
  return moment.toISOString();
}

function storesOf({ database, blobs }: RegistryPlace, program: string): Promise<Stores> {
  const shared = isPostgresUrl(database);
  if (typeof blobs === 'string' && !shared) return embedded(database, blobs, program);
  if (typeof blobs !== 'string' && shared) return scaleOut(database, blobs.s3);
  throw new CapError('config.invalid', 'an SQLite file goes with a directory of BLOBs, PostgreSQL with a bucket');
}

async function embedded(database: string, blobs: string, program: string): Promise<Stores> {
  const directory = path.dirname(path.resolve(database));
  const owner = await OwnerLock.acquire(directory, program);
  const release = () => owner.release();
  const checkpoints = path.join(directory, 'checkpoints');
  const places = new OpenPlaces();
  try {
    // What a crash left of a key may be the key itself.
    for (const place of [checkpoints, path.join(directory, 'keys')]) await removeTemporaries(place);
    await makeDirectoryDurable(checkpoints, 0o750);
    const blobStore = await FileBlobStore.open(blobs);
    places.add('checkpoints', checkpoints);
    places.add('blobs', blobs);
    return {
      database: await SqliteDatabase.open(database, 'write', { places }),
      blobs: blobStore,
      checkpoints: new FileCheckpointStore(checkpoints, places),
      snapshotFiles: new DirectorySnapshotFiles(path.join(directory, 'snapshots')),
      alone: true,
      places,
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
      places: new OpenPlaces(), // a server and a bucket are no places that could be moved away
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}
