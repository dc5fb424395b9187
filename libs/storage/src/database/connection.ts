import { open } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { CapError } from '@cap/crypto';
import { asStorageError } from '../storage-errors.js';
import { ENTITIES } from './entities.js';
import { MIGRATIONS } from './migrations.js';

const CACHE_KIB = 64 * 1024;
const BUSY_MS = 5_000;

/** Settings of SQLite that hold per connection and so are said on each one. */
export function setPragmas(db: Database.Database, mode: 'write' | 'read'): void {
  db.pragma(`busy_timeout = ${BUSY_MS}`);
  if (mode === 'write') {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL'); // a commit is on disk before it is answered
  } else db.pragma('query_only = ON');
  db.pragma('foreign_keys = ON');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  db.pragma('temp_store = MEMORY');
}

export interface Connection {
  source: DataSource;
  /** The driver's own handle, for what TypeORM has no words for: group commit and online backup. */
  db: Database.Database;
}

/** Opens a registry database. For writing, the schema is brought up to date first; a schema from the future is refused. */
export async function connect(file: string, mode: 'write' | 'read'): Promise<Connection> {
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
      migrations: MIGRATIONS,
      migrationsTableName: 'migrations',
      prepareDatabase: (opened: Database.Database) => {
        db = opened;
        setPragmas(opened, mode);
      },
    });
    await source.initialize();
    try {
      refuseFutureSchema(db!, file);
      if (mode === 'write') await source.runMigrations({ transaction: 'each' });
      return { source, db: db! };
    } catch (error) {
      await source.destroy();
      throw error;
    }
  });
}

function refuseFutureSchema(db: Database.Database, file: string): void {
  const table = db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'`).get();
  if (!table) return;
  const known = new Set(MIGRATIONS.map((migration) => new migration().name));
  const applied = db.prepare('SELECT name FROM migrations ORDER BY id').all() as { name: string }[];
  const unknown = applied.find(({ name }) => !known.has(name));
  if (unknown)
    throw new CapError(
      'refused',
      'storage.version',
      `${file}: made by a newer version (schema ${unknown.name} is not known here)`,
    );
}
