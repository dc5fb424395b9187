import { LessThanOrEqual } from 'typeorm';
import type { KeyRequest, LeaseRequest, StoredAnswer } from '@cap/contracts';
import { CapError } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { asStorageError } from '../storage-errors.js';
import type { IdempotencyKeyRow } from './entities.js';
import type { SqlDatabase } from './sql-database.js';
import type { WriteQueue } from './write-queue.js';

/** How long an answer is repeated, ms. */
export const KEY_RETENTION_MS = 24 * 3_600_000;

/**
 * Keys under which a request is carried out once. A key lives 24 h from its reservation; without an answer it binds only
 * while its lease holds, since whoever held it may be dead. Not an event of the log: a repeated request is not part of the registry's state.
 */
export class IdempotencyKeys {
  constructor(
    private readonly database: SqlDatabase,
    private readonly queue: WriteQueue,
    private readonly now: () => Date,
  ) {}

  /** The stored answer, or null: the caller holds the key. CapError idempotency.mismatch, idempotency.in-flight. */
  reserve({ key_id, request_digest, lease_id, lease_seconds }: KeyRequest): Promise<StoredAnswer | null> {
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
      const [lease_until, expires_at] = [this.#in(lease_seconds * 1000), this.#in(KEY_RETENTION_MS)];
      const none = { status: null, answer: null };
      await tx.insert('idempotency_keys', { key_id, request_digest, lease_id, lease_until, expires_at, ...none });
      return null;
    });
  }

  /** The lease holds for another lease_seconds from now. CapError idempotency.in-flight once another client holds the key. */
  renew(key_id: Digest, { lease_id, lease_seconds }: LeaseRequest): Promise<void> {
    return this.#held(
      'UPDATE idempotency_keys SET lease_until = ? WHERE key_id = ? AND lease_id = ?',
      this.#in(lease_seconds * 1000),
      key_id,
      lease_id,
    );
  }

  /** Stores the answer. CapError idempotency.in-flight once another client holds the key. */
  finish(key_id: Digest, lease_id: string, { status, blob_id }: StoredAnswer): Promise<void> {
    return this.#held(
      'UPDATE idempotency_keys SET status = ?, answer = ? WHERE key_id = ? AND lease_id = ?',
      status,
      blob_id,
      key_id,
      lease_id,
    );
  }

  /** The key is free again, unless it has an answer or another client holds it. */
  release(key_id: Digest, lease_id: string): Promise<void> {
    return this.queue.submit(async (tx) => {
      await tx.run(
        'DELETE FROM idempotency_keys WHERE key_id = ? AND lease_id = ? AND answer IS NULL',
        key_id,
        lease_id,
      );
    });
  }

  /** Removes up to `limit` expired keys and returns their number. If none has expired, nothing is written. */
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

  /** Updates the holder's own row. A client that lost the lease must not overwrite what the next holder does. */
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
