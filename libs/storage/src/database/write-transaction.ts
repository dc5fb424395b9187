import { type ChainEvent, type JsonObject } from '@cap/crypto';
import { PendingLog } from './pending-log.js';
import { type SqlRow, type SqlSession, type SqlValue } from './sql-database.js';

/** What writes may do while their common transaction is open. */
export class WriteTransaction {
  readonly #totals = { entries: 0, blob_bytes: 0 };
  #statements = 0;

  private constructor(
    private readonly session: SqlSession,
    private readonly log: PendingLog,
  ) {}

  static async begin(session: SqlSession): Promise<WriteTransaction> {
    return new WriteTransaction(session, await PendingLog.begin(session));
  }

  async get<T>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
    return (await this.session.all<T>(sql, values))[0];
  }

  all<T>(sql: string, ...values: SqlValue[]): Promise<T[]> {
    return this.session.all<T>(sql, values);
  }

  /** Number of rows that changed. */
  run(sql: string, ...values: SqlValue[]): Promise<number> {
    this.#statements++;
    return this.session.run(sql, values);
  }

  insert(table: string, row: SqlRow): Promise<void> {
    this.#statements++;
    return this.session.insert(table, [row]);
  }

  /** The next event of the log. Details hold ids and hashes only. */
  append(ts: string, event: string, details: JsonObject): ChainEvent {
    this.#statements++;
    return this.log.append(ts, event, details);
  }

  /** Counted as rows come and go, since counting a million of them for each scrape is not O(1). */
  count(change: Partial<{ entries: number; blob_bytes: number }>): void {
    this.#totals.entries += change.entries ?? 0;
    this.#totals.blob_bytes += change.blob_bytes ?? 0;
  }

  /** Grows with everything that this transaction changes. */
  get changes(): number {
    return this.#statements;
  }

  /** Stores what was kept back for the end: events, hashes of the tree, totals. */
  async finish(): Promise<void> {
    await this.log.store();
    const { entries, blob_bytes } = this.#totals;
    if (entries !== 0 || blob_bytes !== 0)
      await this.session.run('UPDATE totals SET entries = entries + ?, blob_bytes = blob_bytes + ?', [
        entries,
        blob_bytes,
      ]);
  }
}
