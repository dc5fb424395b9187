import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { ByteRange, Page, PageRequest } from '@cap/contracts';
import { CapError } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { RegistryReader } from '../database/registry-reader.js';
import type { RegistryStore } from '../database/registry-store.js';
import type { SnapshotFiles } from '../snapshot-files/snapshot-files.js';
import { asStorageError } from '../storage-errors.js';
import type { SnapshotLeaseRow } from '../database/entities.js';
import type { SnapshotContent } from '../database/snapshot-leases.js';

/** How long a lease lives after its last use, ms. */
export const LEASE_MS = 30 * 60_000;
/** A lease used again within this time is not renewed. */
const RENEW_AFTER_MS = 60_000;
/** How long a lease lives while its copy is being made, and how often it is renewed, ms: short, since the process may die. */
export const CREATION_LEASE_MS = 60_000;
export const HEARTBEAT_MS = 15_000;

const nameOf = (id: string): string => `${id}.db`;

/**
 * Consistent states of the registry, leased to a backup, one at a time among all processes that share the database. While a lease
 * is alive no BLOB is removed, so everything that the copy refers to can be fetched, from any of them.
 */
export class Snapshots {
  /** The copy that was listed last, with the clock stopped at its time, so that an upload that expires later still belongs to it. */
  #opened: { id: string; reader: Promise<RegistryReader> } | null = null;

  private constructor(
    private readonly files: SnapshotFiles,
    private readonly store: RegistryStore,
    private readonly now: () => Date,
    private readonly exclusive: boolean,
  ) {}

  /** `exclusive`: no other process can hold a lease; any existing one was left by a dead process. */
  static async open(
    files: SnapshotFiles,
    store: RegistryStore,
    { now, exclusive }: { now: () => Date; exclusive: boolean },
  ): Promise<Snapshots> {
    const snapshots = new Snapshots(files, store, now, exclusive);
    if (exclusive) await snapshots.#clear();
    return snapshots;
  }

  /** Whether BLOBs must stay. */
  active(): Promise<boolean> {
    return this.store.leases.active();
  }

  /** CapError snapshot.busy, storage.full. */
  async create(): Promise<SnapshotLeaseRow> {
    const id = randomUUID();
    await this.store.leases.take(id, CREATION_LEASE_MS);
    // A failed renewal needs no handling: the lease expires, and `describe` below then fails.
    const renew = () => void this.store.leases.renew(id, CREATION_LEASE_MS).catch(() => undefined);
    const heartbeat = setInterval(renew, HEARTBEAT_MS);
    const file = path.join(this.files.staging, `.${nameOf(id)}`);
    try {
      for (const name of await this.files.list()) await this.files.remove(name);
      await mkdir(this.files.staging, { recursive: true, mode: 0o700 });
      await this.#assertFreeSpace(await this.store.bytes());
      const { taken_at } = (await this.store.leases.find(id)) ?? throwUnknown(id);
      const content = await this.#copyTo(file, new Date(taken_at));
      await this.files.put(nameOf(id), file);
      await this.store.leases.describe(id, content);
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

  /** The database copy or a part of it. CapError snapshot.unknown for a lease that has expired. */
  async database(id: string, range?: ByteRange): Promise<Readable> {
    await this.#renew(id);
    return (await this.files.read(nameOf(id), range)) ?? throwUnknown(id);
  }

  /** Renews its lease. */
  find(id: string): Promise<SnapshotLeaseRow> {
    return this.#renew(id);
  }

  async blobs(id: string, page: PageRequest): Promise<Page<{ blob_id: Digest; size: number }>> {
    const { items, next_cursor } = await (await this.#readerOf(await this.#renew(id))).listBlobs(page);
    return { items: items.map(({ blob_id, size }) => ({ blob_id, size })), next_cursor };
  }

  async release(id: string): Promise<void> {
    await this.#renew(id);
    await this.#closeReader();
    await this.files.remove(nameOf(id));
    await this.store.leases.release(id);
  }

  async close(): Promise<void> {
    await this.#closeReader();
    if (this.exclusive) await this.#clear();
    await rm(this.files.staging, { recursive: true, force: true });
  }

  async #copyTo(file: string, taken: Date): Promise<SnapshotContent> {
    await this.store.copyTo(file);
    const reader = await RegistryReader.open(file, () => taken);
    try {
      const { log_size, head_digest } = await reader.totals();
      return { log_size, head_digest, database_size: (await stat(file)).size, ...(await reader.blobTotals()) };
    } finally {
      await reader.close();
    }
  }

  async #renew(id: string): Promise<SnapshotLeaseRow> {
    const lease = (await this.store.leases.find(id)) ?? throwUnknown(id);
    const fresh = this.now().getTime() + LEASE_MS;
    if (fresh - Date.parse(lease.expires_at) < RENEW_AFTER_MS) return lease;
    await this.store.leases.renew(id, LEASE_MS);
    return { ...lease, expires_at: new Date(fresh).toISOString() };
  }

  async #readerOf({ id, taken_at }: SnapshotLeaseRow): Promise<RegistryReader> {
    if (this.#opened?.id !== id) {
      await this.#closeReader();
      this.#opened = { id, reader: this.#openCopy(id, new Date(taken_at)) };
    }
    return this.#opened.reader;
  }

  async #openCopy(id: string, taken: Date): Promise<RegistryReader> {
    const { file, release } = (await this.files.local(nameOf(id))) ?? throwUnknown(id);
    try {
      return await RegistryReader.open(file, () => taken);
    } finally {
      await release(); // an open file stays readable
    }
  }

  async #closeReader(): Promise<void> {
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
    await rm(this.files.staging, { recursive: true, force: true });
  }

  async #assertFreeSpace(size: number): Promise<void> {
    await asStorageError("can't make a snapshot", async () => {
      const { bavail, bsize } = await statfs(this.files.staging);
      if (bavail * bsize < size * 1.2)
        throw new CapError(
          'storage.full',
          `a snapshot needs ${Math.ceil(size * 1.2)} bytes, ${bavail * bsize} are free`,
        );
    });
  }
}

function throwUnknown(id: string): never {
  throw new CapError('snapshot.unknown', `no snapshot ${id}: it was released, or its lease ran out`);
}
