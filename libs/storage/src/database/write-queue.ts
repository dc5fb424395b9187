import { performance } from 'node:perf_hooks';
import type Database from 'better-sqlite3';
import { CapError } from '@cap/crypto';
import { storageError } from '../storage-errors.js';
import { WriteTransaction } from './write-transaction.js';

export interface WriteQueueOptions {
  /** How long the first write of a group waits for others, ms. */
  collectMs?: number;
  /** Writes in one transaction at most. */
  groupSize?: number;
  /** Writes that may wait; one more is refused as busy. */
  capacity?: number;
  /** Told after each commit. */
  onCommit?: ((seconds: number, writes: number) => void) | undefined;
}

interface Waiting {
  run(transaction: WriteTransaction): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}
type Outcome = { value: unknown } | { error: unknown };

/**
 * The one way to write. Group commit: writes that come within a few milliseconds share one transaction and one fsync, and are
 * answered after it. Each has a savepoint, so that a refused one leaves nothing behind and harms no other.
 */
export class WriteQueue {
  readonly #waiting: Waiting[] = [];
  readonly #transaction: WriteTransaction;
  readonly #options: Required<Omit<WriteQueueOptions, 'onCommit'>> & Pick<WriteQueueOptions, 'onCommit'>;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly db: Database.Database,
    options: WriteQueueOptions = {},
  ) {
    this.#options = { collectMs: 2, groupSize: 256, capacity: 10_000, ...options };
    this.#transaction = new WriteTransaction(db);
  }

  /** Runs `write` in a transaction; resolves with what it gave once that is durable. */
  submit<T>(write: (transaction: WriteTransaction) => T): Promise<T> {
    if (this.#closed) return Promise.reject(new CapError('busy', 'overloaded', 'the registry is shutting down'));
    if (this.#waiting.length >= this.#options.capacity)
      return Promise.reject(new CapError('busy', 'overloaded', `${this.#waiting.length} writes are waiting already`));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: write, resolve: resolve as (value: unknown) => void, reject });
      if (this.#waiting.length === this.#options.groupSize) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        setImmediate(() => this.#flush());
      } else this.#timer ??= setTimeout(() => this.#flush(), this.#options.collectMs);
    });
  }

  /** Commits what waits; later writes are refused. */
  close(): void {
    this.#closed = true;
    while (this.#waiting.length > 0) this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const group = this.#waiting.splice(0, this.#options.groupSize);
    if (group.length === 0) return;
    const outcomes = this.#commit(group);
    group.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i]!;
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value);
    });
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#flush(), 0);
  }

  #commit(group: readonly Waiting[]): Outcome[] {
    const { db } = this;
    const started = performance.now();
    try {
      db.exec('BEGIN IMMEDIATE');
      const outcomes = group.map((write) => this.#attempt(write));
      db.exec('COMMIT');
      this.#options.onCommit?.((performance.now() - started) / 1000, group.length);
      return outcomes;
    } catch (cause) {
      if (db.inTransaction) db.exec('ROLLBACK');
      const error = storageError(cause, "can't write to the registry database");
      return group.map(() => ({ error }));
    }
  }

  #attempt({ run }: Waiting): Outcome {
    const { db } = this;
    db.exec('SAVEPOINT one_write');
    try {
      const value = run(this.#transaction);
      db.exec('RELEASE one_write');
      return { value };
    } catch (error) {
      // A full disk or an I/O error may have rolled back the whole transaction, and with it the writes before this one.
      if (!db.inTransaction) throw error;
      db.exec('ROLLBACK TO one_write; RELEASE one_write');
      return { error: storageError(error, "can't write to the registry database") };
    }
  }
}
