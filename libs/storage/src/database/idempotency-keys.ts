import { LessThanOrEqual } from 'typeorm';
import { CapError } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { asStorageError } from '../storage-errors.js';
import { type KeptAnswer, type KeyReservation } from '../stores.js';
import { type IdempotencyKeyRow } from './entities.js';
import { type SqlDatabase } from './sql-database.js';
import { type WriteQueue } from './write-queue.js';

/** How long an answer is given again, ms. */
export const KEY_RETENTION_MS = 24 * 3_600_000;

/**
 * Keys under which a request is carried out once. A key lives 24 h from its reservation; without an answer it binds only
 * while its lease holds, since whoever held it may be dead. No event of the log: who asked twice is no state of the registry.
 */
export class IdempotencyKeys {
  constructor(
    private readonly database: SqlDatabase,
    private readonly queue: WriteQueue,
    private readonly now: () => Date,
  ) {}

  /** The kept answer, or null: the caller holds the key. CapError idempotency.mismatch, idempotency.in-flight. */
  reserve({ key_id, request_digest, lease_id, lease_ms }: KeyReservation): Promise<KeptAnswer | null> {
    return this.queue.submit(async (tx) => {
      const now = this.#in(0);
      const row = await tx.get<IdempotencyKeyRow>(
        'SELECT * FROM idempotency_keys WHERE key_id = ? AND expires_at > ?',
        key_id,
        now,
      );
      if (row && (row.answer !== null || row.lease_until > now)) {
        if (row.request_digest !== request_digest)
          throw new CapError('idempotency.mismatch', 'this key was used for another request');
        if (row.answer !== null) return { status: row.status!, blob_id: row.answer };
        if (row.lease_id !== lease_id) throw inFlight();
      }
      await tx.run('DELETE FROM idempotency_keys WHERE key_id = ?', key_id);
      const [lease_until, expires_at] = [this.#in(lease_ms), this.#in(KEY_RETENTION_MS)];
      const none = { status: null, answer: null };
      await tx.insert('idempotency_keys', { key_id, request_digest, lease_id, lease_until, expires_at, ...none });
      return null;
    });
  }

  /** The lease holds for another lease_ms from now. CapError idempotency.in-flight once somebody else has the key. */
  renew(key_id: Digest, lease_id: string, lease_ms: number): Promise<void> {
    return this.#held(
      'UPDATE idempotency_keys SET lease_until = ? WHERE key_id = ? AND lease_id = ?',
      this.#in(lease_ms),
      key_id,
      lease_id,
    );
  }

  /** Keeps the answer. CapError idempotency.in-flight once somebody else has the key. */
  finish(key_id: Digest, lease_id: string, { status, blob_id }: KeptAnswer): Promise<void> {
    return this.#held(
      'UPDATE idempotency_keys SET status = ?, answer = ? WHERE key_id = ? AND lease_id = ?',
      status,
      blob_id,
      key_id,
      lease_id,
    );
  }

  /** The key is free again, unless it has an answer or somebody else has it. */
  release(key_id: Digest, lease_id: string): Promise<void> {
    return this.queue.submit(async (tx) => {
      await tx.run(
        'DELETE FROM idempotency_keys WHERE key_id = ? AND lease_id = ? AND answer IS NULL',
        key_id,
        lease_id,
      );
    });
  }

  /** Number of keys removed whose time has passed, at most `limit`. Where none has, nothing is written. */
  async forgetExpired(limit: number): Promise<number> {
    const expired = await asStorageError("can't read the registry database", () =>
      this.database.repository('idempotency_keys').existsBy({ expires_at: LessThanOrEqual(this.#in(0)) }),
    );
    if (!expired) return 0;
    return this.queue.submit((tx) =>
      tx.run(
        `DELETE FROM idempotency_keys WHERE key_id IN (SELECT key_id FROM idempotency_keys WHERE expires_at <= ? LIMIT ?)`,
        this.#in(0),
        limit,
      ),
    );
  }

  /** An update of the holder's own row. Who lost the lease must not overwrite what the next one does. */
  #held(sql: string, ...values: (string | number)[]): Promise<void> {
    return this.queue.submit(async (tx) => {
      if ((await tx.run(sql, ...values)) === 0) throw inFlight();
    });
  }

  #in(ms: number): string {
    return new Date(this.now().getTime() + ms).toISOString();
  }
}

const inFlight = () => new CapError('idempotency.in-flight', 'the first request with this key is still running');
