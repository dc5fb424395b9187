import { CapError } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { type SnapshotLease, type SnapshotLeases } from '../stores.js';
import { type SqlDatabase } from './sql-database.js';
import { type WriteQueue } from './write-queue.js';

const UNKNOWN = `0x${'0'.repeat(64)}` as Digest;

/** Leases in a table, so that every process that shares the database sees the one that is lent out. */
export class SqlSnapshotLeases implements SnapshotLeases {
  constructor(
    private readonly database: SqlDatabase,
    private readonly queue: WriteQueue,
    private readonly now: () => Date,
  ) {}

  take(id: string, ms: number): Promise<void> {
    return this.queue.submit(async (tx) => {
      const held = await tx.get('SELECT id FROM snapshot_leases WHERE expires_at > ?', this.#in(0));
      if (held) throw new CapError('busy', 'snapshot.busy', 'another snapshot is lent out');
      await tx.run('DELETE FROM snapshot_leases');
      const sizes = { log_size: 0, head_digest: UNKNOWN, database_size: 0, blobs: 0, blob_bytes: 0 };
      await tx.insert('snapshot_leases', { id, taken_at: this.#in(0), expires_at: this.#in(ms), ...sizes });
    });
  }

  describe({ id, log_size, head_digest, database_size, blobs, blob_bytes }: SnapshotLease): Promise<void> {
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

  async find(id: string): Promise<SnapshotLease | null> {
    const [lease] = await this.database.reading.all<SnapshotLease>(
      'SELECT * FROM snapshot_leases WHERE id = ? AND expires_at > ?',
      [id, this.#in(0)],
    );
    return lease ?? null;
  }

  async active(): Promise<boolean> {
    const held = await this.database.reading.all('SELECT id FROM snapshot_leases WHERE expires_at > ?', [this.#in(0)]);
    return held.length > 0;
  }

  release(id: string): Promise<boolean> {
    return this.queue.submit(async (tx) => (await tx.run('DELETE FROM snapshot_leases WHERE id = ?', id)) > 0);
  }

  /** Without a lease nothing is written: a registry that only starts needs no thread that writes. */
  async clear(): Promise<void> {
    const there = await this.database.reading.all('SELECT id FROM snapshot_leases LIMIT 1');
    if (there.length > 0) await this.queue.submit((tx) => tx.run('DELETE FROM snapshot_leases'));
  }

  /** Only a lease that still lives: BLOBs may be gone that one which has run out promised. */
  #held(update: string, id: string, ...values: (string | number)[]): Promise<void> {
    return this.queue.submit(async (tx) => {
      if ((await tx.run(`${update} WHERE id = ? AND expires_at > ?`, ...values, id, this.#in(0))) === 0)
        throw new CapError('missing', 'snapshot.unknown', 'the lease ran out while the snapshot was used');
    });
  }

  #in(ms: number): string {
    return new Date(this.now().getTime() + ms).toISOString();
  }
}
