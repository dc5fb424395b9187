import type Database from 'better-sqlite3';
import { type ChainEvent, jcsText, type JsonObject, nextEvent } from '@cap/crypto';

export type SqlValue = string | number | null;

/** What a write may do while its transaction is open. Synchronous: nothing comes between. */
export class WriteTransaction {
  readonly #statements = new Map<string, Database.Statement>();

  constructor(private readonly db: Database.Database) {}

  get<T>(sql: string, ...values: SqlValue[]): T | undefined {
    return this.#prepare(sql).get(...values) as T | undefined;
  }

  /** Number of rows that changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#prepare(sql).run(...values).changes;
  }

  insert(table: string, row: Record<string, SqlValue>): void {
    const names = Object.keys(row);
    this.run(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(row),
    );
  }

  /** The next event of the log. Details hold ids and hashes only. */
  append(ts: string, event: string, details: JsonObject): ChainEvent {
    const head = this.get<Pick<ChainEvent, 'seq' | 'digest'>>(
      'SELECT seq, digest FROM events ORDER BY seq DESC LIMIT 1',
    );
    const appended = nextEvent(head ?? null, ts, event, details);
    this.insert('events', { ...appended, details: jcsText(details) });
    return appended;
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }
}
