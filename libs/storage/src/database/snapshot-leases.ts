import { MoreThan } from 'typeorm';
import { CapError } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { asStorageError } from '../storage-errors.js';
import { type SnapshotLease } from '../stores.js';
import { type SqlDatabase } from './sql-database.js';
import { type WriteQueue } from './write-queue.js';

const UNKNOWN = `0x${'0'.repeat(64)}` as Digest;

type Described = Omit<SnapshotLease, 'taken_at' | 'expires_at'>;

/**
 * Who may have a snapshot: one at a time, in every process that shares the database. While a lease lives no BLOB is forgotten.
 */
export class SnapshotLeases {
  constructor(
    private readonly database: SqlDatabase,
    private readonly queue: WriteQueue,
    private readonly now: () => Date,
  ) {}

  /** CapError snapshot.busy while another one lives. */
  take(id: string, ms: number): Promise<void> {
    return this.queue.submit(async (tx) => {
      const held = await tx.get('SELECT id FROM snapshot_leases WHERE expires_at > ?', this.#in(0));
      if (held) throw new CapError('snapshot.busy', 'another snapshot is lent out');
      await tx.run('DELETE FROM snapshot_leases');
      const sizes = { log_size: 0, head_digest: UNKNOWN, database_size: 0, blobs: 0, blob_bytes: 0 };
      await tx.insert('snapshot_leases', { id, taken_at: this.#in(0), expires_at: this.#in(ms), ...sizes });
    });
  }

  /** CapError snapshot.unknown once it is gone; likewise renew. */
  describe({ id, log_size, head_digest, database_size, blobs, blob_bytes }: Described): Promise<void> {
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

  /** Null once its time has passed. */
  find(id: string): Promise<SnapshotLease | null> {
    return read(() => this.#leases.findOneBy({ id, expires_at: MoreThan(this.#in(0)) }));
  }

  active(): Promise<boolean> {
    return read(() => this.#leases.existsBy({ expires_at: MoreThan(this.#in(0)) }));
  }

  /** False if it was not there. */
  release(id: string): Promise<boolean> {
    return this.queue.submit(async (tx) => (await tx.run('DELETE FROM snapshot_leases WHERE id = ?', id)) > 0);
  }

  /** Without a lease nothing is written: a registry that only starts needs no thread that writes. */
  async clear(): Promise<void> {
    if (await read(() => this.#leases.exists())) await this.queue.submit((tx) => tx.run('DELETE FROM snapshot_leases'));
  }

  /** Only a lease that still lives: BLOBs may be gone that one which has run out promised. */
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
