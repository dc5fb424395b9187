import type { Readable } from 'node:stream';
import type {
  ByteRange,
  CollectionResult,
  CollectRequest,
  EntryRecord,
  ErasureReason,
  ErasureRecord,
  RetentionResult,
  SnapshotRecord,
} from '@cap/contracts';
import { CapError, isCapError } from '@cap/core';
import type { Digest } from '@cap/crypto';
import type { Receipt } from '@cap/tlog';
import { collectFiles } from './collection/collect.js';
import { type DatabaseOperations, RegistryStore } from './database/registry-store.js';
import type { WriteQueueOptions } from './database/write-queue.js';
import { TransparencyLog, type TransparencyLogOptions } from './log/transparency-log.js';
import type { PinnedPaths, StatePart } from './pinned-paths.js';
import { openProfile, type RegistryLocation } from './profiles.js';
import type { NewEntry } from './records.js';
import { Snapshots } from './snapshots/snapshots.js';
import type { BlobStore, CheckpointStore } from './stores.js';

/** How long an upload is kept that nothing refers to, ms. */
export const UPLOAD_RETENTION_MS = 24 * 3_600_000;
const SWEEP_GROUP = 200;

export interface RegistryOptions extends RegistryLocation {
  /** Named to a second process that wants the same data directory. */
  program: string;
  now?: () => Date;
  queue?: WriteQueueOptions;
  /** Called with each BLOB that a read finds broken: blob.corrupt or blob.missing, with its id in `details`. */
  onBrokenBlob?: (error: CapError) => void;
  /** Without it nothing is signed and no receipt is given: for tools that only read or move data. */
  log?: TransparencyLogOptions | undefined;
}

/** The state of a registry: its database, BLOBs, log and snapshots. */
export class RegistryData {
  private constructor(
    private readonly database: RegistryStore,
    private readonly blobs: BlobStore,
    private readonly checkpoints: CheckpointStore,
    readonly snapshots: Snapshots,
    private readonly signedLog: TransparencyLog | null,
    private readonly pinned: PinnedPaths,
    private readonly release: () => void,
    private readonly now: () => Date,
    private readonly onBrokenBlob: (error: CapError) => void,
  ) {}

  /**
   * Brings the schema up to date; in the embedded profile this process owns the data directory from now on, and removes what a
   * crash left. CapError storage.owned, storage.version, storage.failed, storage.unavailable; log.cut, log.changed,
   * log.epoch.
   */
  static async open({
    now = () => new Date(),
    queue,
    onBrokenBlob = () => undefined,
    log,
    program,
    ...location
  }: RegistryOptions): Promise<RegistryData> {
    const profile = await openProfile(location, program);
    const { blobs, checkpoints, snapshotFiles, exclusive, pinned, release } = profile;
    const store = new RegistryStore(profile.database, now, queue);
    try {
      const snapshots = await Snapshots.open(snapshotFiles, store, { now, exclusive });
      const signed = log ? await TransparencyLog.open(store, checkpoints, log) : null;
      return new RegistryData(store, blobs, checkpoints, snapshots, signed, pinned, release, now, onBrokenBlob);
    } catch (error) {
      await store.close();
      release();
      throw error;
    }
  }

  /** What needs the database alone. */
  get store(): DatabaseOperations {
    return this.database;
  }

  /** CapError log.unsigned if the registry was opened without a key. */
  get log(): TransparencyLog {
    if (!this.signedLog) throw new CapError('log.unsigned', 'this registry was opened without a log key');
    return this.signedLog;
  }

  /** CapError storage.unavailable if this part of the state was moved away or replaced since it was opened. */
  assertUnmoved(name: StatePart): void {
    this.pinned.assertUnmoved(name);
  }

  /** BLOB first, row second, so that a row never refers to nothing. Durable once resolved. */
  async putBlob(
    body: AsyncIterable<Uint8Array>,
    { maxBytes, retain }: { maxBytes: number; retain: 'upload' | 'keep' },
  ): Promise<{ blob_id: Digest; size: number }> {
    this.pinned.assertUnmoved();
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

  /** A collection that saw the file without its row may have moved it to the trash: so the file is checked after the row. */
  async #record(blobId: Digest, size: number, retainUntil: string | null): Promise<void> {
    try {
      await this.database.recordBlob(blobId, size, retainUntil);
    } catch (error) {
      if (isCapError(error) && error.code === 'bundle.erased') await this.blobs.remove(blobId);
      throw error;
    }
    if ((await this.blobs.size(blobId)) === null && !(await this.blobs.restore(blobId)))
      throw new CapError('blob.missing', `BLOB ${blobId} disappeared while it was being stored`);
  }

  /**
   * Registers a verification of a bundle that is here and from now on does not expire, and proves it: the receipt is of the entry's
   * event in the log as it is now. The same content again returns the first entry. CapError bundle.unknown; log.unsigned.
   */
  async registerEntry(request: NewEntry): Promise<{ entry: EntryRecord; created: boolean; receipt: Receipt }> {
    const { record: entry, created } = await this.database.registerEntry(request);
    const { log } = this;
    const receipt = await (created ? log.receiptOfCommitted(entry.log_index) : log.receipt(entry.log_index));
    return { entry, created, receipt };
  }

  /** A BLOB's bytes; null if it is unknown or its upload has expired. CapError blob.missing, blob.corrupt. */
  async readBlob(id: Digest, range?: ByteRange): Promise<Readable | null> {
    const known = await this.database.findBlob(id);
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

  /**
   * A BLOB's bytes as the BLOB store has them, whatever the database says: an upload that expires while a snapshot is read still
   * belongs to it. CapError blob.missing, blob.corrupt.
   */
  async readSnapshotBlob(id: Digest): Promise<Readable> {
    const body = await this.blobs.read(id);
    if (!body) throw new CapError('blob.missing', `BLOB ${id} is known, but its file is gone`);
    return body;
  }

  /** Bytes that are free for BLOBs. Throws what keeps them from being written. */
  freeBlobBytes(): Promise<number> {
    return this.blobs.freeBytes();
  }

  /** Stores the answer to the request that holds this key; durable once resolved. CapError idempotency.in-flight. */
  async storeAnswer(
    { key_id, lease_id, status }: { key_id: Digest; lease_id: string; status: number },
    body: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<void> {
    // The BLOB is kept for 24 h from now, the key from its reservation: the row never outlives what it refers to.
    const { blob_id } = await this.putBlob(body, { maxBytes, retain: 'upload' });
    await this.database.idempotency.finish(key_id, lease_id, { status, blob_id });
  }

  /** Leases one consistent state, with the checkpoint of exactly that state, or an older one if nothing is signed here. */
  async createSnapshot(): Promise<SnapshotRecord> {
    const { taken_at: _, ...snapshot } = await this.snapshots.create();
    const { epoch } = await this.database.epoch();
    const checkpoint = this.signedLog
      ? await this.signedLog.checkpointOf(snapshot.log_size)
      : await this.checkpoints.read(epoch);
    return { ...snapshot, epoch, checkpoint };
  }

  /** Moves what no row refers to into the trash, and purges what is old from it. Does nothing while a snapshot is in use. */
  async collect(request: CollectRequest = {}): Promise<CollectionResult> {
    if (await this.snapshots.active())
      return { uploads: 0, orphans: 0, restored: 0, purged: 0, blocked_by_snapshot: true };
    const uploads = request.dry_run ? await this.database.countExpiredBlobs() : await this.sweepUploads();
    const files = await collectFiles(this.database, this.blobs, request, async () => !(await this.snapshots.active()));
    return { uploads, ...files, blocked_by_snapshot: false };
  }

  /**
   * Erases the bundle for good, and the company that its entries name; the entries and their proofs stay. Durable once
   * resolved. CapError entry.unknown; bundle.held, bundle.shared; snapshot.busy while a backup may still fetch it.
   */
  async eraseBundle(entryOrBundle: string, reason: ErasureReason): Promise<ErasureRecord> {
    if (await this.snapshots.active())
      throw new CapError('snapshot.busy', 'a snapshot is in use, and a backup may still fetch this bundle');
    const erasure = await this.database.eraseBundle(entryOrBundle, reason);
    // From the trash too, if it is there.
    await this.blobs.restore(erasure.bundle_id);
    await this.blobs.remove(erasure.bundle_id);
    return erasure;
  }

  /** Erases the bundles whose newest entry is older than that, except those on hold; a dry run only names them. */
  async applyRetention(
    years: number,
    { dryRun = false, limit = 1_000 }: { dryRun?: boolean; limit?: number } = {},
  ): Promise<RetentionResult> {
    const before = yearsBefore(this.now(), years);
    const bundles: RetentionResult['bundles'] = [];
    let after: number | undefined;
    while (bundles.length < limit) {
      const group = await this.database.bundlesOlderThan(before, Math.min(SWEEP_GROUP, limit - bundles.length), after);
      if (group.length === 0) break;
      if (!dryRun) for (const { bundle_id } of group) await this.eraseBundle(bundle_id, 'retention');
      bundles.push(...group);
      after = group.at(-1)!.log_index;
    }
    return { before, bundles, more: (await this.database.bundlesOlderThan(before, 1, after)).length > 0 };
  }

  /** The error that says why there is no such BLOB. */
  async missingBlobError(id: Digest): Promise<CapError> {
    const { erased } = await this.database.referencedBlobs([id]);
    return erased.has(id)
      ? new CapError('bundle.unknown', `BLOB ${id} was erased: its entries and their proofs stay`)
      : new CapError('bundle.unknown', `no BLOB ${id}: it was never stored, or its upload has expired`);
  }

  /** Moves expired uploads to the trash and returns their number. Does nothing while a snapshot is in use. */
  async sweepUploads(): Promise<number> {
    let swept = 0;
    for (;;) {
      const expired = await this.database.expiredBlobs(SWEEP_GROUP);
      if (expired.length === 0) return swept;
      const before = swept;
      for (const id of expired) if (await this.database.forgetExpiredBlob(id, () => this.blobs.trash(id))) swept++;
      if (swept === before) return swept; // they are referenced again, or must stay for a snapshot
    }
  }

  /** Removes expired idempotency keys and returns their number. */
  async sweepKeys(): Promise<number> {
    let swept = 0;
    for (;;) {
      const removed = await this.database.idempotency.forgetExpired(SWEEP_GROUP);
      swept += removed;
      if (removed < SWEEP_GROUP) return swept;
    }
  }

  async close(): Promise<void> {
    await this.snapshots.close();
    await this.signedLog?.close();
    await this.database.close();
    this.release();
  }
}

/** 29 February is 1 March in a year that has none. */
function yearsBefore(now: Date, years: number): string {
  const moment = new Date(now);
  moment.setUTCFullYear(moment.getUTCFullYear() - years);
  return moment.toISOString();
}
