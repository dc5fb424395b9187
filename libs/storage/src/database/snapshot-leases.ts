import { MoreThan } from 'typeorm';
import { CapError } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { asStorageError } from '../storage-errors.js';
import type { SnapshotLeaseRow } from './entities.js';
import type { SqlDatabase } from './sql-database.js';
import type { WriteQueue } from './write-queue.js';

const UNKNOWN = `0x${'0'.repeat(64)}` as Digest;

/** What the copy holds. */
export type SnapshotContent = Omit<SnapshotLeaseRow, 'id' | 'taken_at' | 'expires_at'>;

/**
 * Leases on snapshots: one at a time among all processes that share the database. While one is alive, no BLOB is removed.
 */
export class SnapshotLeases {
  constructor(
    private readonly database: SqlDatabase,
    private readonly queue: WriteQueue,
    private readonly now: () => Date,
  ) {}

  /** CapError snapshot.busy while another one is alive. */
  take(id: string, ms: number): Promise<void> {
    return this.queue.submit(async (tx) => {
      const held = await tx.get('SELECT id FROM snapshot_leases WHERE expires_at > ?', this.#in(0));
      if (held) throw new CapError('snapshot.busy', 'another snapshot is in use');
      await tx.run('DELETE FROM snapshot_leases');
      const sizes = { log_size: 0, head_digest: UNKNOWN, database_size: 0, blobs: 0, blob_bytes: 0 };
      await tx.insert('snapshot_leases', { id, taken_at: this.#in(0), expires_at: this.#in(ms), ...sizes });
    });
  }

  /** CapError snapshot.unknown once it is gone; likewise renew. */
  describe(id: string, { log_size, head_digest, database_size, blobs, blob_bytes }: SnapshotContent): Promise<void> {
    return this.#held(
      `UPDATE snapshot_leases SET log_size = ?, head_digest = ?, database_size = ?, blobs = ?, blob_bytes = ?`,
      id,
      log_size,
      head_digest,
      database_size,
      blobs,
      blob_bytes,
    );
  }

  renew(id: string, ms: number): Promise<void> {
    return this.#held('UPDATE snapshot_leases SET expires_at = ?', id, this.#in(ms));
  }

  /** Null once it has expired. */
  find(id: string): Promise<SnapshotLeaseRow | null> {
    return read(() => this.#leases.findOneBy({ id, expires_at: MoreThan(this.#in(0)) }));
  }

  active(): Promise<boolean> {
    return read(() => this.#leases.existsBy({ expires_at: MoreThan(this.#in(0)) }));
  }

  /** False if there was none. */
  release(id: string): Promise<boolean> {
    return this.queue.submit(async (tx) => (await tx.run('DELETE FROM snapshot_leases WHERE id = ?', id)) > 0);
  }

  /** Without a lease nothing is written, so that a registry that merely starts does not start its writing thread. */
  async clear(): Promise<void> {
    if (await read(() => this.#leases.exists())) await this.queue.submit((tx) => tx.run('DELETE FROM snapshot_leases'));
  }

  /** Only a lease that is still alive: BLOBs that an expired one protected may be gone. */
  #held(update: string, id: string, ...values: (string | number)[]): Promise<void> {
    return this.queue.submit(async (tx) => {
      if ((await tx.run(`${update} WHERE id = ? AND expires_at > ?`, ...values, id, this.#in(0))) === 0)
        throw new CapError('snapshot.unknown', 'the lease ran out while the snapshot was used');
    });
  }

  get #leases() {
    return this.database.repository('snapshot_leases');
  }

  #in(ms: number): string {
    return new Date(this.now().getTime() + ms).toISOString();
  }
}

const read = <T>(work: () => Promise<T>): Promise<T> => asStorageError("can't read the registry database", work);
