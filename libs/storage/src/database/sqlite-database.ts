import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { DataSource, type Repository } from 'typeorm';
import { CapError } from '@cap/core';
import type { PinnedPaths } from '../pinned-paths.js';
import { asStorageError } from '../storage-errors.js';
import { entitiesFor, type Rows, type TableName } from './entities.js';
import { assertKnownSchema } from './schema-version.js';
import { SQLITE_MIGRATIONS } from './sqlite-migrations.js';
import type { SqlDatabase, SqlSession, SqlValue } from './sql-database.js';
import { SqliteWriter } from './sqlite-writer.js';

const CACHE_KIB = 64 * 1024;
const BUSY_MS = 5_000;
/** Pages copied between two turns of the event loop. */
const COPY_PAGES = 1_000;
/** Idle time after which the write-ahead log is truncated, ms. */
const IDLE_MS = 5_000;
/** Size to which the write-ahead log shrinks with the next write after a long reader has finished. */
const MAX_IDLE_WAL_BYTES = 16 * 1024 * 1024;

/** SQLite's per-connection settings. */
const pragmasFor = (mode: 'write' | 'read'): string[] => [
  `busy_timeout = ${BUSY_MS}`,
  ...(mode === 'read'
    ? ['query_only = ON']
    : [
        'journal_mode = WAL',
        'synchronous = FULL', // a commit is on disk before it is acknowledged
        'secure_delete = ON', // what is erased leaves no trace in the pages that held it
        `journal_size_limit = ${MAX_IDLE_WAL_BYTES}`,
      ]),
  'foreign_keys = ON',
  `cache_size = -${CACHE_KIB}`,
  'temp_store = MEMORY',
];

export function setPragmas(db: Database.Database, mode: 'write' | 'read'): void {
  for (const pragma of pragmasFor(mode)) db.pragma(pragma);
}

interface Connection {
  source: DataSource;
  /** The driver's own handle, for what TypeORM can't do: group commit and online backup. */
  db: Database.Database;
}

/** Opens a registry database. For writing, the schema is brought up to date first; a newer schema is refused. */
async function connect(file: string, mode: 'write' | 'read'): Promise<Connection> {
  return asStorageError(`can't open ${file}`, async () => {
    // SQLite would create it world-readable; the files beside it inherit its mode.
    if (mode === 'write') await (await open(file, 'a', 0o640)).close();
    let db: Database.Database | undefined;
    const source = new DataSource({
      type: 'better-sqlite3',
      database: path.resolve(file),
      driver: Database,
      readonly: mode === 'read',
      fileMustExist: mode === 'read',
      entities: entitiesFor('sqlite'),
      invalidWhereValuesBehavior: { null: 'throw', undefined: 'ignore' }, // a filter that was not given
      migrations: [...SQLITE_MIGRATIONS],
      migrationsTableName: 'migrations',
      prepareDatabase: (opened: Database.Database) => {
        db = opened;
        setPragmas(opened, mode);
      },
    });
    await source.initialize();
    try {
      assertKnownSchema(appliedMigrations(db!), SQLITE_MIGRATIONS, file);
      if (mode === 'write') await source.runMigrations({ transaction: 'each' });
      return { source, db: db! };
    } catch (error) {
      await source.destroy();
      throw error;
    }
  });
}

function appliedMigrations(db: Database.Database): string[] {
  const table = db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'`).get();
  if (!table) return [];
  return (db.prepare('SELECT name FROM migrations ORDER BY id').all() as { name: string }[]).map(({ name }) => name);
}

/** Reads on the caller's thread. */
class SqliteSession implements SqlSession {
  readonly #statements = new Map<string, Database.Statement>();
  constructor(private readonly db: Database.Database) {}

  all<T>(sql: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return attempt(() => this.#prepare(sql).all(...values) as T[]);
  }

  run(sql: string, values: readonly SqlValue[] = []): Promise<number> {
    return attempt(() => this.#prepare(sql).run(...values).changes);
  }

  insert(): Promise<void> {
    return Promise.reject(new CapError('storage.read-only', 'this connection only reads'));
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }
}

/** Turns what the driver throws into a rejection. */
function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/**
 * The lease under which a copy is made is not part of the state: without it, equal states give equal bytes. An interrupted copy is
 * made again, so nothing here needs fsync.
 */
function deleteLeases(file: string): void {
  const db = new Database(file);
  db.pragma('synchronous = OFF');
  db.pragma('secure_delete = ON');
  db.exec('DELETE FROM snapshot_leases');
  db.pragma('journal_mode = DELETE');
  db.close();
}

export interface SqliteOptions {
  /** Nothing is acknowledged if one of them was moved; this database is added to them. */
  pinned?: PinnedPaths;
  /** Idle time after which the write-ahead log is truncated, ms. */
  idleMs?: number;
}

/** One file. Writes have a connection and a thread of their own, so that readers never wait for a commit nor delay one. */
export class SqliteDatabase implements SqlDatabase {
  readonly engine = 'sqlite';
  readonly reading: SqlSession;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private readonly reader: Connection,
    private readonly writer: SqliteWriter | null,
    private readonly pinned: PinnedPaths | undefined,
  ) {
    this.reading = new SqliteSession(reader.db);
  }

  /**
   * `write`: creates the file if necessary and brings its schema up to date; the caller holds the OwnerLock. `read`: it must
   * exist, and may belong to a running registry.
   */
  static async open(
    file: string,
    mode: 'write' | 'read',
    { pinned, idleMs = IDLE_MS }: SqliteOptions = {},
  ): Promise<SqliteDatabase> {
    if (mode === 'read') return new SqliteDatabase(file, await connect(file, 'read'), null, undefined);
    const migrated = await connect(file, 'write');
    migrated.db.pragma('wal_checkpoint(TRUNCATE)'); // what a crash left in the write-ahead log
    const reader = await connect(file, 'read').finally(() => migrated.source.destroy());
    pinned?.add('database', file, `${file}-wal`, `${file}-shm`);
    const writer = new SqliteWriter({
      file: path.resolve(file),
      pragmas: pragmasFor('write'),
      idleMs,
      copyPages: COPY_PAGES,
    });
    return new SqliteDatabase(file, reader, writer, pinned);
  }

  repository<Table extends TableName>(table: Table): Repository<Rows[Table]> {
    return this.reader.source.getRepository<Rows[Table]>(table);
  }

  /** Whether the file has the schema of this version; opening it for writing migrates it. */
  get isCurrent(): boolean {
    return appliedMigrations(this.reader.db).length === SQLITE_MIGRATIONS.length;
  }

  write<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#transaction(work));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const { writer } = this;
    if (!writer) throw new CapError('storage.read-only', `${this.file} was opened for reading`);
    this.pinned?.assertUnmoved();
    await writer.begin();
    try {
      const value = await work(writer);
      await writer.commit();
      this.pinned?.assertUnmoved(); // otherwise it is durable where nobody will look for it
      return value;
    } catch (error) {
      await writer.rollback().catch(() => undefined); // the first error says more
      throw error;
    }
  }

  /** On a connection of its own, whose read transaction stays open. */
  async snapshot<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const db = new Database(this.file, { readonly: true });
    try {
      setPragmas(db, 'read');
      db.exec('BEGIN');
      return await work(new SqliteSession(db));
    } finally {
      db.close();
    }
  }

  /** SQLite's online backup. In a running registry the writing connection makes it, so that no read transaction stays open meanwhile. */
  copyTo(file: string): Promise<void> {
    return asStorageError(`can't copy the database to ${file}`, async () => {
      await (this.writer ? this.#copyDuringWrites(this.writer, file) : this.#copyOneState(file));
      deleteLeases(file);
    });
  }

  async #copyDuringWrites(writer: SqliteWriter, file: string): Promise<void> {
    let copying = Promise.resolve();
    await this.#inTurn(
      () =>
        new Promise<void>((begun) => {
          copying = writer.copyTo(file, begun);
          copying.then(begun, begun);
        }),
    );
    await copying;
  }

  /** From a connection whose read transaction stays open: one state, whatever is committed meanwhile. */
  async #copyOneState(file: string): Promise<void> {
    const source = new Database(this.file, { readonly: true });
    try {
      setPragmas(source, 'read');
      source.exec('BEGIN');
      source.prepare('SELECT seq FROM events LIMIT 1').get();
      await source.backup(file, { progress: () => COPY_PAGES });
    } finally {
      source.close();
    }
  }

  async bytes(): Promise<number> {
    return (await stat(this.file)).size;
  }

  async walBytes(): Promise<number> {
    return (await stat(`${this.file}-wal`).catch(() => ({ size: 0 }))).size;
  }

  static #removeWal(file: string): void {
    const db = new Database(file);
    setPragmas(db, 'write');
    db.close();
  }

  /** Leaves a closed database as one file, without a write-ahead log beside it. */
  static asSingleFile(file: string): void {
    const db = new Database(file);
    db.pragma('journal_mode = DELETE');
    db.close();
  }

  async close(): Promise<void> {
    await this.#last;
    await this.reader.source.destroy();
    await this.writer?.close();
    // The last connection to close removes the write-ahead log, if it can write.
    if (this.writer && existsSync(`${this.file}-wal`)) SqliteDatabase.#removeWal(this.file);
  }
}
