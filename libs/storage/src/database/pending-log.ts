import { type ChainEvent, eventLeaf, nextEvent } from '@cap/tlog';
import { type HashReader, leafHash, storedHashesForAppend, treeHashIndexes } from '@cap/tlog/merkle';
import { jcsText, type JsonObject } from '@cap/core';
import type { SqlSession } from './sql-database.js';

/** What a proof or an append is about to read, fetched with one query. */
export async function fetchHashes(session: SqlSession, positions: readonly number[]): Promise<HashReader> {
  const unique = [...new Set(positions)];
  const rows =
    unique.length === 0
      ? []
      : await session.all<{ position: number; hash: Uint8Array }>(
          `SELECT position, hash FROM log_hashes WHERE position IN (${unique.map(() => '?').join(', ')})`,
          unique,
        );
  const found = new Map(rows.map(({ position, hash }) => [position, hash]));
  // What is missing stays missing: the tree reports which one.
  return { readHashes: (indexes) => indexes.map((index) => found.get(index) ?? new Uint8Array()) };
}

/** The events that one transaction adds to the log: kept in memory and stored, with the tree's new hashes, at its end. */
export class PendingLog {
  readonly #events: ChainEvent[] = [];

  private constructor(
    private readonly session: SqlSession,
    private readonly head: Pick<ChainEvent, 'seq' | 'digest'> | null,
  ) {}

  /** The transaction must hold the log's write lock. */
  static async begin(session: SqlSession): Promise<PendingLog> {
    const [head] = await session.all<Pick<ChainEvent, 'seq' | 'digest'>>(
      'SELECT seq, digest FROM events ORDER BY seq DESC LIMIT 1',
    );
    return new PendingLog(session, head ?? null);
  }

  append(ts: string, event: string, details: JsonObject): ChainEvent {
    const appended = nextEvent(this.#events.at(-1) ?? this.head, ts, event, details);
    this.#events.push(appended);
    return appended;
  }

  get count(): number {
    return this.#events.length;
  }

  async store(): Promise<void> {
    if (this.#events.length === 0) return;
    const size = this.head ? this.head.seq + 1 : 0;
    const reader = await fetchHashes(this.session, treeHashIndexes(size));
    const leaves = this.#events.map((event) => leafHash(eventLeaf(event)));
    const { firstIndex, hashes } = storedHashesForAppend(leaves, size, reader);
    await this.session.insert(
      'events',
      this.#events.map((event) => ({ ...event, details: jcsText(event.details) })),
    );
    await this.session.insert(
      'log_hashes',
      hashes.map((hash, i) => ({ position: firstIndex + i, hash })),
    );
  }
}
