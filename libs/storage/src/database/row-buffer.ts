import type { SqlRow, SqlSession } from './sql-database.js';

/**
 * Rows of one table that a transaction reads by key and changes. Those that a group of writes will read are fetched with one
 * query, and its changes are stored with one statement: on a server each statement is a round trip.
 */
export class RowBuffer<Row extends SqlRow> {
  /** Null: known to be absent. */
  readonly #rows = new Map<string, Row | null>();
  readonly #changed = new Set<string>();

  constructor(
    private readonly session: SqlSession,
    private readonly table: string,
    private readonly key: string & keyof Row,
    /** The columns that an update may change. */
    private readonly mutable: readonly (string & keyof Row)[],
  ) {}

  async fetch(keys: readonly string[]): Promise<void> {
    const unknown = [...new Set(keys)].filter((key) => !this.#rows.has(key));
    if (unknown.length === 0) return;
    const marks = unknown.map(() => '?').join(', ');
    const rows = await this.session.all<Row>(`SELECT * FROM ${this.table} WHERE ${this.key} IN (${marks})`, unknown);
    for (const key of unknown) this.#rows.set(key, null);
    for (const row of rows) this.#rows.set(row[this.key] as string, row);
  }

  async get(key: string): Promise<Row | null> {
    await this.fetch([key]);
    return this.#rows.get(key)!;
  }

  /** A new row, or one in which mutable columns differ. */
  set(row: Row): void {
    this.#rows.set(row[this.key] as string, row);
    this.#changed.add(row[this.key] as string);
  }

  async store(): Promise<void> {
    const rows = [...this.#changed].map((key) => this.#rows.get(key)!);
    this.#changed.clear();
    const changes = this.mutable.map((column) => `${column} = excluded.${column}`).join(', ');
    const onConflict = changes === '' ? '' : `ON CONFLICT (${this.key}) DO UPDATE SET ${changes}`;
    await this.session.insert(this.table, rows, onConflict);
  }

  /** To be called when another statement has written to the database. */
  forget(): void {
    this.#rows.clear();
  }
}
