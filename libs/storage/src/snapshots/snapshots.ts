import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { type Readable } from 'node:stream';
import { CapError } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { RegistryReader } from '../database/registry-reader.js';
import { type RegistryStore } from '../database/registry-store.js';
import { type SnapshotFiles } from '../snapshot-files/snapshot-files.js';
import { asStorageError } from '../storage-errors.js';
import { type ByteRange, type Page, type PageRequest, type SnapshotLease } from '../stores.js';

/** How long a lease lives after its last use, ms. */
export const LEASE_MS = 30 * 60_000;
/** A use within this time of the last one prolongs nothing: the lease is as good as new. */
const FRESH_MS = 60_000;
/** How long a lease lives while its copy is being made, and how often it is renewed, ms: it soon outlives a process that died. */
export const MAKING_MS = 60_000;
export const HEARTBEAT_MS = 15_000;

export type Snapshot = Omit<SnapshotLease, 'taken_at'>;

const nameOf = (id: string): string => `${id}.db`;

/**
 * Consistent states of the registry, lent to whoever backs it up, one at a time for all processes that share the database.
 * While a lease lives no BLOB is removed, so everything that the copy refers to can be fetched, from any of them.
 */
export class Snapshots {
  /** The copy that was listed last, with the clock stopped at its time: an upload that expires meanwhile still belongs to it. */
  #opened: { id: string; reader: Promise<RegistryReader> } | null = null;

  private constructor(
    private readonly files: SnapshotFiles,
    private readonly store: RegistryStore,
    private readonly now: () => Date,
    private readonly alone: boolean,
  ) {}

  /** `alone`: no other process can hold a lease; whatever there is was left by a dead one. */
  static async open(
    files: SnapshotFiles,
    store: RegistryStore,
    { now, alone }: { now: () => Date; alone: boolean },
  ): Promise<Snapshots> {
    const snapshots = new Snapshots(files, store, now, alone);
    if (alone) await snapshots.#clear();
    return snapshots;
  }

  /** Whether BLOBs must stay. */
  active(): Promise<boolean> {
    return this.store.leases.active();
  }

  /** CapError snapshot.busy, storage.full. */
  async create(): Promise<Snapshot> {
    const id = randomUUID();
    await this.store.leases.take(id, MAKING_MS);
    // A renewal that fails needs no answer: the lease ends, and with it the attempt, as it is described.
    const renew = () => void this.store.leases.renew(id, MAKING_MS).catch(() => undefined);
    const heartbeat = setInterval(renew, HEARTBEAT_MS);
    const file = path.join(this.files.workshop, `.${nameOf(id)}`);
    try {
      for (const name of await this.files.list()) await this.files.remove(name);
      await mkdir(this.files.workshop, { recursive: true, mode: 0o700 });
      await this.#refuseWithoutRoom(await this.store.bytes());
      const { taken_at } = (await this.store.leases.find(id)) ?? gone(id);
      const content = await this.#copyTo(file, new Date(taken_at));
      await this.files.put(nameOf(id), file);
      await this.store.leases.describe({ id, ...content });
      return await this.find(id);
    } catch (error) {
      await rm(file, { force: true });
      await this.files.remove(nameOf(id)).catch(() => undefined);
      await this.store.leases.release(id).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(heartbeat);
    }
  }

  /** The database copy or a part of it. CapError snapshot.unknown for a lease that has ended. */
  async database(id: string, range?: ByteRange): Promise<Readable> {
    await this.#use(id);
    return (await this.files.read(nameOf(id), range)) ?? gone(id);
  }

  /** The lease; looking at it prolongs it. */
  async find(id: string): Promise<Snapshot> {
    const { taken_at: _, ...snapshot } = await this.#use(id);
    return snapshot;
  }

  async blobs(id: string, page: PageRequest): Promise<Page<{ blob_id: Digest; size: number }>> {
    const { items, next_cursor } = await (await this.#readerOf(await this.#use(id))).listBlobs(page);
    return { items: items.map(({ blob_id, size }) => ({ blob_id, size })), next_cursor };
  }

  async release(id: string): Promise<void> {
    await this.#use(id);
    await this.#forget();
    await this.files.remove(nameOf(id));
    await this.store.leases.release(id);
  }

  async close(): Promise<void> {
    await this.#forget();
    if (this.alone) await this.#clear();
    await rm(this.files.workshop, { recursive: true, force: true });
  }

  async #copyTo(file: string, taken: Date): Promise<Omit<SnapshotLease, 'id' | 'taken_at' | 'expires_at'>> {
    await this.store.copyTo(file);
    const reader = await RegistryReader.open(file, () => taken);
    try {
      const { log_size, head_digest } = await reader.totals();
      return { log_size, head_digest, database_size: (await stat(file)).size, ...(await reader.blobTotals()) };
    } finally {
      await reader.close();
    }
  }

  async #use(id: string): Promise<SnapshotLease> {
    const lease = (await this.store.leases.find(id)) ?? gone(id);
    const fresh = this.now().getTime() + LEASE_MS;
    if (fresh - Date.parse(lease.expires_at) < FRESH_MS) return lease;
    await this.store.leases.renew(id, LEASE_MS);
    return { ...lease, expires_at: new Date(fresh).toISOString() };
  }

  async #readerOf({ id, taken_at }: SnapshotLease): Promise<RegistryReader> {
    if (this.#opened?.id !== id) {
      await this.#forget();
      this.#opened = { id, reader: this.#openCopy(id, new Date(taken_at)) };
    }
    return this.#opened.reader;
  }

  async #openCopy(id: string, taken: Date): Promise<RegistryReader> {
    const { file, release } = (await this.files.local(nameOf(id))) ?? gone(id);
    try {
      return await RegistryReader.open(file, () => taken);
    } finally {
      await release(); // an open file stays readable
    }
  }

  async #forget(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.reader.then(
      (reader) => reader.close(),
      () => undefined,
    );
  }

  async #clear(): Promise<void> {
    await this.store.leases.clear();
    for (const name of await this.files.list()) await this.files.remove(name);
    await rm(this.files.workshop, { recursive: true, force: true });
  }

  async #refuseWithoutRoom(size: number): Promise<void> {
    await asStorageError("can't make a snapshot", async () => {
      const { bavail, bsize } = await statfs(this.files.workshop);
      if (bavail * bsize < size * 1.2)
        throw new CapError(
          'storage.full',
          `a snapshot needs ${Math.ceil(size * 1.2)} bytes, ${bavail * bsize} are free`,
        );
    });
  }
}

function gone(id: string): never {
  throw new CapError('snapshot.unknown', `no snapshot ${id}: it was released, or its lease ran out`);
}
