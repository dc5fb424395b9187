import { performance } from 'node:perf_hooks';
import { CapError } from '@cap/core';
import { isStorageFailure, storageError } from '../storage-errors.js';
import type { SqlDatabase } from './sql-database.js';
import { type Prefetch, WriteTransaction } from './write-transaction.js';

export interface WriteQueueOptions {
  /** How long the first write of a group waits for others, ms. */
  collectMs?: number;
  /** Writes in one transaction at most. */
  groupSize?: number;
  /** Writes that may wait; further ones are refused as busy. */
  capacity?: number;
  /** Called after each commit. */
  onCommit?: ((seconds: number, writes: number) => void) | undefined;
}

interface QueuedWrite {
  prefetch: Prefetch;
  since: number;
  run(transaction: WriteTransaction): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

type Outcome = { value: unknown } | { error: unknown };

/** A write of the group failed after it had changed something. */
class PartialWrite extends Error {}

const WHAT = "can't write to the registry database";

/**
 * The one way to write. Group commit: writes that come within a few milliseconds share one transaction and one fsync, and are
 * acknowledged after it. A write that is refused before it changed anything does not affect the others. If one fails half-way, or
 * the commit does, the transaction is rolled back and each write of the group is tried alone, so that each gets its own result.
 */
export class WriteQueue {
  readonly #waiting: QueuedWrite[] = [];
  readonly #options: Required<Omit<WriteQueueOptions, 'onCommit'>> & Pick<WriteQueueOptions, 'onCommit'>;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | null = null;
  #since = 0;
  #closed = false;

  constructor(
    private readonly database: Pick<SqlDatabase, 'write'>,
    options: WriteQueueOptions = {},
  ) {
    this.#options = { collectMs: 2, groupSize: 256, capacity: 10_000, ...options };
  }

  /**
   * Runs `write` in a transaction; resolves with its result once that is durable. It may run twice, so it must not keep state
   * outside. `prefetch` names the rows that it will read, which are fetched together for the whole group.
   */
  submit<T>(write: (transaction: WriteTransaction) => Promise<T> | T, prefetch: Prefetch = {}): Promise<T> {
    if (this.#closed) return Promise.reject(new CapError('overloaded', 'the registry is shutting down'));
    if (this.#waiting.length >= this.#options.capacity)
      return Promise.reject(new CapError('overloaded', `${this.#waiting.length} writes are waiting already`));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        since: performance.now(),
        prefetch,
        run: write,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      if (this.#flushing) return; // the group being committed starts the next one
      if (this.#waiting.length >= this.#options.groupSize) this.#flushSoon(0);
      else this.#timer ??= setTimeout(() => this.#flush(), this.#options.collectMs);
    });
  }

  /** How long the group being committed has waited for the database, ms; 0 if there is none. */
  get writingForMs(): number {
    return this.#flushing ? performance.now() - this.#since : 0;
  }

  /** Commits what is waiting; later writes are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing || this.#waiting.length > 0) {
      this.#flush();
      await this.#flushing;
    }
  }

  #flushSoon(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), ms);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#flushing || this.#waiting.length === 0) return;
    const group = this.#waiting.splice(0, this.#options.groupSize);
    this.#since = performance.now();
    this.#flushing = this.#answer(group).finally(() => {
      this.#flushing = null;
      // The next group has gathered during the commit, unless the engine blocked the event loop: then it still has its time.
      const [first] = this.#waiting;
      if (first) this.#flushSoon(Math.max(0, first.since + this.#options.collectMs - performance.now()));
    });
  }

  async #answer(group: readonly QueuedWrite[]): Promise<void> {
    const outcomes = await this.#commit(group);
    group.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i]!;
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value);
    });
  }

  async #commit(group: readonly QueuedWrite[]): Promise<Outcome[]> {
    const started = performance.now();
    try {
      const outcomes = await this.database.write(async (session) => {
        const transaction = await WriteTransaction.begin(
          session,
          group.map(({ prefetch }) => prefetch),
        );
        const done: Outcome[] = [];
        for (const write of group) done.push(await attempt(write, transaction));
        await transaction.finish();
        return done;
      });
      this.#options.onCommit?.((performance.now() - started) / 1000, group.length);
      return outcomes;
    } catch (cause) {
      const error = storageError(cause instanceof PartialWrite ? cause.cause : cause, WHAT);
      // Without an answer to the commit nobody knows whether it took effect: only the callers can find out, by trying again.
      if (group.length === 1 || isStorageFailure(error, 'unavailable')) return group.map(() => ({ error }));
      const alone: Outcome[] = [];
      for (const write of group) alone.push(...(await this.#commit([write])));
      return alone;
    }
  }
}

async function attempt({ run }: QueuedWrite, transaction: WriteTransaction): Promise<Outcome> {
  const before = transaction.changes;
  try {
    return { value: await run(transaction) };
  } catch (cause) {
    if (transaction.changes !== before) throw new PartialWrite('a write failed half-way', { cause });
    return { error: storageError(cause, WHAT) };
  }
}
