import pg, { type Pool, type PoolClient, type PoolConfig, type QueryConfig } from 'pg';
import { DataSource, type Repository } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { CapError } from '@cap/core';
import { asStorageError, storageError, unreachable } from '../storage-errors.js';
import { copyTables, isEmpty } from './copy-tables.js';
import { entitiesFor, type Rows, type TableName } from './entities.js';
import { assertKnownSchema } from './schema-version.js';
import { POSTGRES_MIGRATIONS } from './postgres-migrations.js';
import type { SqlDatabase, SqlRow, SqlSession, SqlValue } from './sql-database.js';
import { SqliteDatabase } from './sqlite-database.js';

/** An arbitrary number that no other program is likely to lock in the same database. */
const MIGRATION_LOCK = 0x6361_7031;
const CONNECT_MS = 5_000;
/** A process that was stopped in the middle of a write must not block the others, ms. */
const IDLE_IN_WRITE_MS = 15_000;
/** How long a write waits for those of other processes, ms. */
const LOCK_MS = 30_000;
/** Time after which a silent server counts as gone, ms. */
const ANSWER_MS = 60_000;
const MAX_CONNECTIONS = 10;
/** PostgreSQL takes at most 65 535 values in one statement. */
const MAX_VALUES = 20_000;
const INT8 = 20;
const NUMERIC = 1700;

const WHAT = 'PostgreSQL';

/** The row of the totals is the lock: its holder is the only one that appends to the log, among all processes. */
const BEGIN_WRITE = [
  'BEGIN',
  'SET LOCAL synchronous_commit = on',
  `SET LOCAL lock_timeout = ${LOCK_MS}`,
  `SET LOCAL idle_in_transaction_session_timeout = ${IDLE_IN_WRITE_MS}`,
  'SELECT entries FROM totals FOR UPDATE',
].join('; ');

/** Translates `?` to PostgreSQL's `$1`. Statements are few and constant, and so are the names under which they are prepared. */
class Statements {
  readonly #known = new Map<string, { name: string; text: string }>();

  of(sql: string): { name: string; text: string } {
    let statement = this.#known.get(sql);
    if (!statement) {
      let number = 0;
      const text = sql.replaceAll('?', () => `$${++number}`);
      this.#known.set(sql, (statement = { name: `cap_${this.#known.size}`, text }));
    }
    return statement;
  }
}

const statements = new Statements();

class PostgresSession implements SqlSession {
  constructor(private readonly connection: Pick<Pool | PoolClient, 'query'>) {}

  async all<T>(sql: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return (await this.#query(sql, values)).rows as T[];
  }

  async run(sql: string, values: readonly SqlValue[] = []): Promise<number> {
    return (await this.#query(sql, values)).rowCount ?? 0;
  }

  async insert(table: string, rows: readonly SqlRow[], more = ''): Promise<void> {
    if (rows.length === 0) return;
    const names = Object.keys(rows[0]!);
    const perStatement = Math.floor(MAX_VALUES / names.length);
    for (let from = 0; from < rows.length; from += perStatement) {
      const group = rows.slice(from, from + perStatement);
      let number = 0;
      const tuples = group.map(() => `(${names.map(() => `$${++number}`).join(', ')})`);
      const text = `INSERT INTO ${table} (${names.join(', ')}) VALUES ${tuples.join(', ')} ${more}`;
      await this.#ask({ text, values: group.flatMap((row) => names.map((name) => asParameter(row[name]!))) });
    }
  }

  #query(sql: string, values: readonly SqlValue[]) {
    // A list of varying length makes a statement of its own each time: not worth preparing.
    const { name, text } = statements.of(sql);
    return this.#ask({ ...(values.length > 8 ? {} : { name }), text, values: values.map(asParameter) });
  }

  #ask(query: QueryConfig) {
    return asStorageError(WHAT, () => this.connection.query(query));
  }
}

const asParameter = (value: SqlValue): unknown =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;

/** One PostgreSQL database, shared by any number of registry processes. Its `totals` row is the lock under which the log grows. */
export class PostgresDatabase implements SqlDatabase {
  readonly engine = 'postgres';
  readonly reading: SqlSession;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly source: DataSource,
    private readonly pool: Pool,
  ) {
    this.reading = new PostgresSession(pool);
  }

  /**
   * Connects and brings the schema up to date, one process at a time; for reading it must be up to date. CapError
   * storage.unavailable; config.invalid for a server that does not write commits to disk; storage.version.
   */
  static open(url: string, mode: 'write' | 'read' = 'write'): Promise<PostgresDatabase> {
    return connected(url, async (source, pool) => {
      await (mode === 'write' ? migrate(source, pool) : assertCurrentSchema(pool));
      return new PostgresDatabase(source, pool);
    });
  }

  /** Whether there is no registry in this database yet, or one that never stored anything. Read-only. */
  static isEmpty(url: string): Promise<boolean> {
    return connected(url, async (source, pool) => {
      const empty = (await appliedMigrations(pool)).length === 0 || (await isEmpty(new PostgresSession(pool)));
      await source.destroy();
      return empty;
    });
  }

  /**
   * The server's version, and what the next start of a registry finds there. Read-only. CapError storage.unavailable;
   * config.invalid for a server that does not write commits to disk; storage.version.
   */
  static examine(url: string): Promise<{ server: string; schema: 'none' | 'older' | 'current' }> {
    return connected(url, async (source, pool) => {
      const applied = await appliedMigrations(pool);
      assertKnownSchema(applied, POSTGRES_MIGRATIONS, WHAT);
      const { rows } = await pool.query<{ server_version: string }>('SHOW server_version');
      await source.destroy();
      const schema = applied.length === 0 ? 'none' : applied.length < POSTGRES_MIGRATIONS.length ? 'older' : 'current';
      return { server: rows[0]!.server_version, schema };
    });
  }

  repository<Table extends TableName>(table: Table): Repository<Rows[Table]> {
    return this.source.getRepository<Rows[Table]>(table);
  }

  write<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#transaction(BEGIN_WRITE, work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  snapshot<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    return this.#transaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work);
  }

  /** PostgreSQL's state as of one moment, in the neutral form that every backup has: a SQLite file. */
  copyTo(file: string): Promise<void> {
    return asStorageError(`can't copy the database to ${file}`, async () => {
      await this.snapshot(async (session) => {
        await session.all('SELECT entries FROM totals'); // the first query fixes the state
        const copy = await SqliteDatabase.open(file, 'write');
        await copyTables(session, copy).finally(() => copy.close());
      });
      SqliteDatabase.asSingleFile(file);
    });
  }

  async bytes(): Promise<number> {
    const [size] = await this.reading.all<{ bytes: number }>(
      'SELECT pg_database_size(current_database())::bigint AS bytes',
    );
    return size!.bytes;
  }

  walBytes(): Promise<number> {
    return Promise.resolve(0);
  }

  async close(): Promise<void> {
    await this.#last;
    await this.source.destroy();
  }

  async #transaction<T>(begin: string, work: (session: SqlSession) => Promise<T>): Promise<T> {
    const client = await asStorageError(WHAT, () => this.pool.connect());
    let broken: Error | undefined;
    // If the connection breaks between two queries, the next one reports it.
    const onError = () => undefined;
    client.on('error', onError);
    try {
      await client.query(begin);
      const value = await work(new PostgresSession(client));
      await client.query('COMMIT');
      return value;
    } catch (error) {
      await client.query('ROLLBACK').catch((cause: Error) => (broken = cause));
      throw broken ? unreachable(broken, WHAT) : storageError(error, WHAT);
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }
}

/** Gives `use` a connection pool on a server with fsync on; closed if that fails. */
function connected<T>(url: string, use: (source: DataSource, pool: Pool) => Promise<T>): Promise<T> {
  return asStorageError(WHAT, async () => {
    const source = new DataSource({
      type: 'postgres',
      driver: pg, // TypeORM can't load it by name from a bundle
      url,
      entities: entitiesFor('postgres'),
      invalidWhereValuesBehavior: { null: 'throw', undefined: 'ignore' }, // an omitted filter
      migrations: [...POSTGRES_MIGRATIONS],
      migrationsTableName: 'migrations',
      poolSize: MAX_CONNECTIONS,
      connectTimeoutMS: CONNECT_MS,
      applicationName: 'cap-registry',
      poolErrorHandler: () => undefined, // the next use of a broken connection reports it
      installExtensions: false,
      extra: { types: { getTypeParser }, keepAlive: true, query_timeout: ANSWER_MS } satisfies PoolConfig,
    });
    await source.initialize();
    try {
      const pool = (source.driver as PostgresDriver).master as Pool;
      await assertFsyncOn(pool);
      return await use(source, pool);
    } catch (error) {
      if (source.isInitialized) await source.destroy();
      throw error;
    }
  });
}

/** Integers arrive as numbers; the registry stores none above 2^53. */
function getTypeParser(type: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (type === INT8 || type === NUMERIC) return Number;
  return pg.types.getTypeParser(type, format as 'text') as (text: string) => unknown;
}

async function assertFsyncOn(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ fsync: string }>('SHOW fsync');
  if (rows[0]?.fsync !== 'on')
    throw new CapError('config.invalid', 'registry.database: this PostgreSQL server runs with fsync = off');
}

async function assertCurrentSchema(pool: Pool): Promise<void> {
  const applied = await appliedMigrations(pool);
  assertKnownSchema(applied, POSTGRES_MIGRATIONS, WHAT);
  if (applied.length < POSTGRES_MIGRATIONS.length)
    throw new CapError('storage.version', `${WHAT}: no registry of this version yet: start the registry once`);
}

async function appliedMigrations(pool: Pick<Pool | PoolClient, 'query'>): Promise<string[]> {
  const { rows: tables } = await pool.query<{ found: string | null }>(`SELECT to_regclass('migrations') AS found`);
  if (tables[0]!.found === null) return [];
  return (await pool.query<{ name: string }>('SELECT name FROM migrations ORDER BY id')).rows.map(({ name }) => name);
}

/** Replicas that start together wait for each other: the second finds the work done. */
async function migrate(source: DataSource, pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    assertKnownSchema(await appliedMigrations(client), POSTGRES_MIGRATIONS, WHAT);
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    client.release();
  }
}
