import type { ChainEvent } from '@cap/tlog';
import type { JsonObject } from '@cap/core';
import type { StoredBlob } from '../records.js';
import type { EntryRow } from './entities.js';
import { RowBuffer } from './row-buffer.js';
import { PendingLog } from './pending-log.js';
import type { SqlRow, SqlSession, SqlValue } from './sql-database.js';

/** The keys of the rows that a write is going to read. */
export interface Prefetch {
  entries?: readonly string[];
  blobs?: readonly string[];
}

/** What writes may do while the transaction that they share is open. */
export class WriteTransaction {
  readonly #totals = { entries: 0, blob_bytes: 0 };
  readonly #entries: RowBuffer<EntryRow>;
  readonly #blobs: RowBuffer<StoredBlob>;
  #statements = 0;

  private constructor(
    private readonly session: SqlSession,
    private readonly log: PendingLog,
  ) {
    this.#entries = new RowBuffer(session, 'entries', 'entry_id', []);
    this.#blobs = new RowBuffer(session, 'blobs', 'blob_id', ['retain_until']);
  }

  /** `prefetches`: of all writes that share the transaction. */
  static async begin(session: SqlSession, prefetches: readonly Prefetch[]): Promise<WriteTransaction> {
    const transaction = new WriteTransaction(session, await PendingLog.begin(session));
    await transaction.#entries.fetch(prefetches.flatMap(({ entries = [] }) => entries));
    await transaction.#blobs.fetch(prefetches.flatMap(({ blobs = [] }) => blobs));
    return transaction;
  }

  entry(entryId: string): Promise<EntryRow | null> {
    return this.#entries.get(entryId);
  }

  /** Also one that has expired or was erased: the caller checks that. */
  blob(blobId: string): Promise<StoredBlob | null> {
    return this.#blobs.get(blobId);
  }

  addEntry(row: EntryRow): void {
    this.#statements++;
    this.#entries.set(row);
  }

  /** A new BLOB, or a known one with another retain_until. */
  setBlob(row: StoredBlob): void {
    this.#statements++;
    this.#blobs.set(row);
  }

  async get<T>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
    return (await this.all<T>(sql, ...values))[0];
  }

  async all<T>(sql: string, ...values: SqlValue[]): Promise<T[]> {
    await this.#storeRows();
    return this.session.all<T>(sql, values);
  }

  /** Number of rows that changed. */
  async run(sql: string, ...values: SqlValue[]): Promise<number> {
    this.#statements++;
    await this.#storeRows();
    this.#entries.forget();
    this.#blobs.forget();
    return this.session.run(sql, values);
  }

  /** Into any table except those of entries and BLOBs. */
  async insert(table: string, row: SqlRow): Promise<void> {
    this.#statements++;
    await this.#storeRows();
    return this.session.insert(table, [row]);
  }

  /** The next event of the log. Details hold ids and hashes only. */
  append(ts: string, event: string, details: JsonObject): ChainEvent {
    this.#statements++;
    return this.log.append(ts, event, details);
  }

  /** Totals are kept as rows come and go, since counting a million rows for each scrape is not O(1). */
  count(change: Partial<{ entries: number; blob_bytes: number }>): void {
    this.#totals.entries += change.entries ?? 0;
    this.#totals.blob_bytes += change.blob_bytes ?? 0;
  }

  /** Grows with everything that this transaction changes. */
  get changes(): number {
    return this.#statements;
  }

  /** Stores what was deferred to the end: events, tree hashes, totals. */
  async finish(): Promise<void> {
    await this.#storeRows();
    await this.log.store();
    const { entries, blob_bytes } = this.#totals;
    if (entries !== 0 || blob_bytes !== 0)
      await this.session.run('UPDATE totals SET entries = entries + ?, blob_bytes = blob_bytes + ?', [
        entries,
        blob_bytes,
      ]);
  }

  /** BLOBs first: an entry refers to its BLOB. */
  async #storeRows(): Promise<void> {
    await this.#blobs.store();
    await this.#entries.store();
  }
}
