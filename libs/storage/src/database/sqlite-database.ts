import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { CapError } from '@cap/crypto';
import { type OpenPlaces } from '../open-places.js';
import { asStorageError } from '../storage-errors.js';
import { ENTITIES } from './entities.js';
import { refuseFutureSchema } from './future-schema.js';
import { SQLITE_MIGRATIONS } from './sqlite-migrations.js';
import { type SqlDatabase, type SqlRow, type SqlSession, type SqlValue } from './sql-database.js';

const CACHE_KIB = 64 * 1024;
const BUSY_MS = 5_000;
/** Pages copied between two turns of the event loop. */
const COPY_PAGES = 2_000;

/** Settings of SQLite that hold per connection and so are said on each one. */
export function setPragmas(db: Database.Database, mode: 'write' | 'read'): void {
  db.pragma(`busy_timeout = ${BUSY_MS}`);
  if (mode === 'write') {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL'); // a commit is on disk before it is answered
    db.pragma('secure_delete = ON'); // what is erased leaves no trace in the pages that held it
  } else db.pragma('query_only = ON');
  db.pragma('foreign_keys = ON');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  db.pragma('temp_store = MEMORY');
}

interface Connection {
  source: DataSource;
  /** The driver's own handle, for what TypeORM has no words for: group commit and online backup. */
  db: Database.Database;
}

/** Opens a registry database. For writing, the schema is brought up to date first; a schema from the future is refused. */
async function connect(file: string, mode: 'write' | 'read'): Promise<Connection> {
  return asStorageError(`can't open ${file}`, async () => {
    // SQLite would make it readable for everybody; the files beside it take its mode.
    if (mode === 'write') await (await open(file, 'a', 0o640)).close();
    let db: Database.Database | undefined;
    const source = new DataSource({
      type: 'better-sqlite3',
      database: path.resolve(file),
      driver: Database,
      readonly: mode === 'read',
      fileMustExist: mode === 'read',
      entities: ENTITIES,
      migrations: [...SQLITE_MIGRATIONS],
      migrationsTableName: 'migrations',
      prepareDatabase: (opened: Database.Database) => {
        db = opened;
        setPragmas(opened, mode);
      },
    });
    await source.initialize();
    try {
      refuseFutureSchema(appliedMigrations(db!), SQLITE_MIGRATIONS, file);
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

/** better-sqlite3 is synchronous: between BEGIN and COMMIT only microtasks run, and none but the writer's own use its connection. */
class SqliteSession implements SqlSession {
  readonly #statements = new Map<string, Database.Statement>();
  constructor(private readonly db: Database.Database) {}

  all<T>(sql: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return attempt(() => this.#prepare(sql).all(...values) as T[]);
  }

  run(sql: string, values: readonly SqlValue[] = []): Promise<number> {
    return attempt(() => this.#prepare(sql).run(...values).changes);
  }

  insert(table: string, rows: readonly SqlRow[], more = ''): Promise<void> {
    return attempt(() => {
      if (rows.length === 0) return;
      const names = Object.keys(rows[0]!);
      const statement = this.#prepare(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ${more}`,
      );
      for (const row of rows) statement.run(...names.map((name) => row[name]));
    });
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }
}

/** A throw of the driver as a rejection. */
function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/** The lease under which a copy is made is no part of the state: without it equal states give equal bytes. */
function forgetLeases(file: string): void {
  const db = new Database(file);
  db.pragma('secure_delete = ON');
  db.exec('DELETE FROM snapshot_leases');
  db.close();
}

/** One file. A connection for reading of its own, so that a long listing never waits for a commit nor holds one up. */
export class SqliteDatabase implements SqlDatabase {
  readonly engine = 'sqlite';
  readonly reading: SqlSession;
  readonly #session: SqlSession | null;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private readonly reader: Connection,
    private readonly writer: Connection | null,
    private readonly places: OpenPlaces | undefined,
  ) {
    this.reading = new SqliteSession(reader.db);
    this.#session = writer && new SqliteSession(writer.db);
  }

  /**
   * `write`: makes the file if it is not there and brings its schema up to date; the caller holds the OwnerLock. `read`: it must
   * exist, and may belong to a running registry. With `places` nothing is acknowledged unless all of them are in place, this
   * database among them.
   */
  static async open(file: string, mode: 'write' | 'read', places?: OpenPlaces): Promise<SqliteDatabase> {
    const writer = mode === 'write' ? await connect(file, 'write') : null;
    const database = new SqliteDatabase(file, await connect(file, 'read'), writer, places);
    places?.add('database', file, `${file}-wal`, `${file}-shm`);
    return database;
  }

  get source(): DataSource {
    return this.reader.source;
  }

  /** Whether the file has the schema of this version; opening it for writing brings that about. */
  get isCurrent(): boolean {
    return appliedMigrations(this.reader.db).length === SQLITE_MIGRATIONS.length;
  }

  write<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#transaction(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    if (!this.writer) throw new CapError('refused', 'storage.read-only', `${this.file} was opened for reading`);
    const { db } = this.writer;
    this.places?.assertThere();
    // An entry's row refers to its event, which is stored with the whole group: checked at the commit.
    db.exec('BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON');
    try {
      const value = await work(this.#session!);
      db.exec('COMMIT');
      this.places?.assertThere(); // else it is durable where nobody will look for it
      return value;
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
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

  /**
   * SQLite's online backup from a connection whose read transaction stays open: it sees one state however many writes are
   * committed meanwhile, and never starts over.
   */
  copyTo(file: string): Promise<void> {
    return asStorageError(`can't copy the database to ${file}`, async () => {
      const source = new Database(this.file, { readonly: true });
      try {
        setPragmas(source, 'read');
        source.exec('BEGIN');
        source.prepare('SELECT seq FROM events LIMIT 1').get();
        await source.backup(file, { progress: () => COPY_PAGES });
      } finally {
        source.close();
      }
      forgetLeases(file);
      SqliteDatabase.asSingleFile(file);
    });
  }

  async bytes(): Promise<number> {
    return (await stat(this.file)).size;
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
    await this.writer?.source.destroy();
  }
}
