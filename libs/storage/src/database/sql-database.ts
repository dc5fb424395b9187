import type { Repository } from 'typeorm';
import type { Engine, Rows, TableName } from './entities.js';

/** Text, whole numbers up to 2^53, bytes. */
export type SqlValue = string | number | Uint8Array | null;

export type SqlRow = Readonly<Record<string, SqlValue>>;

/** One connection, inside or outside of a transaction. In SQL text `?` stands for a value, in every engine. */
export interface SqlSession {
  all<T>(sql: string, values?: readonly SqlValue[]): Promise<T[]>;
  /** Number of rows that changed. */
  run(sql: string, values?: readonly SqlValue[]): Promise<number>;
  /** All rows have the members of the first one; `more` is appended to the statement. */
  insert(table: string, rows: readonly SqlRow[], more?: string): Promise<void>;
}

/** The engine behind a registry: SQLite in the embedded profile, PostgreSQL in the scale-out profile. */
export interface SqlDatabase {
  readonly engine: Engine;
  /** For reading through TypeORM. */
  repository<Table extends TableName>(table: Table): Repository<Rows[Table]>;
  /** For reading in plain SQL. */
  readonly reading: SqlSession;
  /**
   * Runs `work` in a transaction that holds the log's one write lock, in every process that shares the database, and
   * commits it durably. One at a time: a call waits for the one before. If `work` throws, the transaction is rolled back.
   */
  write<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  /** Runs `work` on one state of the database, whatever is committed meanwhile. */
  snapshot<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  /** Writes one consistent state into a SQLite file of the current schema while writes go on. */
  copyTo(file: string): Promise<void>;
  /** Approximate size of such a copy, bytes. */
  bytes(): Promise<number>;
  /** Bytes of the write-ahead log beside the database's file; 0 where a server has it. */
  walBytes(): Promise<number>;
  close(): Promise<void>;
}
