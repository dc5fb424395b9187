import { randomUUID } from 'node:crypto';
import { mkdir, open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { type Readable } from 'node:stream';
import { CapError, type Digest } from '@cap/crypto';
import { SqlReader } from '../database/sql-reader.js';
import { asStorageError } from '../storage-errors.js';
import { type ByteRange, type Page, type PageRequest, type RegistryStore } from '../stores.js';

/** How long a lease lives after its last use, ms. */
export const LEASE_MS = 30 * 60_000;

export interface Snapshot {
  id: string;
  log_size: number;
  head_digest: Digest;
  expires_at: string;
  /** Bytes of the database copy. */
  database_size: number;
  /** Number and bytes of the BLOBs that the copy refers to. */
  blobs: number;
  blob_bytes: number;
}

interface Lease {
  snapshot: Snapshot;
  file: string;
  /** On the copy, with the clock stopped at the copy's time: an upload that expires meanwhile still belongs to it. */
  reader: SqlReader;
}

/**
 * Consistent states of the registry, lent to whoever backs it up, one at a time. While a lease lives no BLOB is removed, so
 * everything that the copy refers to can be fetched. Leases are not kept over a restart: the copy is gone, the backup starts anew.
 */
export class Snapshots {
  #lease: Lease | null = null;
  #making = false;

  private constructor(
    private readonly directory: string,
    private readonly store: RegistryStore,
    private readonly now: () => Date,
  ) {}

  /** Removes copies that an earlier process left. */
  static async open(directory: string, store: RegistryStore, now: () => Date): Promise<Snapshots> {
    await rm(directory, { recursive: true, force: true });
    return new Snapshots(directory, store, now);
  }

  /** Whether BLOBs must stay. */
  get active(): boolean {
    return this.#making || (this.#lease !== null && !this.#hasExpired(this.#lease));
  }

  /** Waits for `settled` (a removal that is under way) before the state is taken. CapError snapshot.busy, storage.full. */
  async create(settled: Promise<unknown>): Promise<Snapshot> {
    if (this.active) throw new CapError('busy', 'snapshot.busy', 'another snapshot is lent out');
    this.#making = true;
    const id = randomUUID();
    const file = path.join(this.directory, `${id}.db`);
    try {
      await settled;
      await this.#end();
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await this.#refuseWithoutRoom(await this.store.bytes());
      const taken = this.now();
      await this.store.copyTo(file);
      this.#lease = await this.#lend(id, file, taken);
      return this.#lease.snapshot;
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    } finally {
      this.#making = false;
    }
  }

  /** The database copy or a part of it. CapError snapshot.unknown for a lease that has ended. */
  async database(id: string, range?: ByteRange): Promise<Readable> {
    const { file } = this.#use(id);
    const handle = await open(file, 'r');
    return handle.createReadStream(range ? { start: range.first, end: range.last } : {});
  }

  /** The lease; looking at it prolongs it. */
  find(id: string): Snapshot {
    return this.#use(id).snapshot;
  }

  async blobs(id: string, page: PageRequest): Promise<Page<{ blob_id: Digest; size: number }>> {
    const { items, next_cursor } = await this.#use(id).reader.listBlobs(page);
    return { items: items.map(({ blob_id, size }) => ({ blob_id, size })), next_cursor };
  }

  async release(id: string): Promise<void> {
    this.#use(id);
    await this.#end();
  }

  async close(): Promise<void> {
    await this.#end();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #lend(id: string, file: string, taken: Date): Promise<Lease> {
    const reader = await SqlReader.open(file, () => taken);
    const { log_size, head_digest } = await reader.totals();
    const { blobs, blob_bytes } = await reader.blobTotals();
    const { size } = await stat(file);
    const snapshot = { id, log_size, head_digest, expires_at: this.#expiry(), database_size: size, blobs, blob_bytes };
    return { snapshot, file, reader };
  }

  #use(id: string): Lease {
    const lease = this.#lease;
    if (lease?.snapshot.id !== id || this.#hasExpired(lease))
      throw new CapError('missing', 'snapshot.unknown', `no snapshot ${id}: it was released, or its lease ran out`);
    lease.snapshot.expires_at = this.#expiry();
    return lease;
  }

  async #end(): Promise<void> {
    const lease = this.#lease;
    this.#lease = null;
    if (!lease) return;
    await lease.reader.close();
    await rm(lease.file, { force: true });
  }

  async #refuseWithoutRoom(size: number): Promise<void> {
    await asStorageError("can't make a snapshot", async () => {
      const { bavail, bsize } = await statfs(this.directory);
      if (bavail * bsize < size * 1.2)
        throw new CapError(
          'io',
          'storage.full',
          `a snapshot needs ${Math.ceil(size * 1.2)} bytes, ${bavail * bsize} are free`,
        );
    });
  }

  #expiry = (): string => new Date(this.now().getTime() + LEASE_MS).toISOString();
  #hasExpired = (lease: Lease): boolean => lease.snapshot.expires_at <= this.now().toISOString();
}
