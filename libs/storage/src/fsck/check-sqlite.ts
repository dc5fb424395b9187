import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import type { SqlSession } from '../database/sql-database.js';
import { SQLITE_MIGRATIONS } from '../database/sqlite-migrations.js';
import type { Faults } from './faults.js';

/** SQLite's own check of the file. */
export async function checkFile(session: SqlSession, faults: Faults): Promise<void> {
  for (const { integrity_check } of await session.all<{ integrity_check: string }>('PRAGMA integrity_check'))
    if (integrity_check !== 'ok') faults.add('database', integrity_check);
}

interface SchemaRow {
  name: string;
  sql: string | null;
}
const SCHEMA = `SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name`;

/** References to rows that do not exist. */
export async function checkForeignKeys(session: SqlSession, faults: Faults): Promise<void> {
  for (const { table, rowid, parent } of await session.all<{ table: string; rowid: number; parent: string }>(
    'PRAGMA foreign_key_check',
  ))
    faults.add('database', `row ${rowid} of ${table} refers to nothing in ${parent}`);
}

/** The tables, indexes and triggers must be those of this version: without a trigger the log is not append-only. */
export async function checkSchema(session: SqlSession, faults: Faults): Promise<void> {
  const expected = await (freshSchema ??= schemaOfNew());
  const found = new Map((await session.all<SchemaRow>(SCHEMA)).map((row) => [row.name, inOneLine(row.sql)]));
  for (const name of new Set([...expected.keys(), ...found.keys()]))
    if (found.get(name) !== expected.get(name)) faults.add('database', `its schema is not of this version at ${name}`);
}

let freshSchema: Promise<Map<string, string>> | undefined;

async function schemaOfNew(): Promise<Map<string, string>> {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    driver: Database,
    migrations: [...SQLITE_MIGRATIONS],
    migrationsTableName: 'migrations',
    migrationsRun: true,
  });
  await source.initialize();
  try {
    const rows: SchemaRow[] = await source.query(SCHEMA);
    return new Map(rows.map(({ name, sql }) => [name, inOneLine(sql)]));
  } finally {
    await source.destroy();
  }
}

const inOneLine = (sql: string | null): string => (sql ?? '').replace(/\s+/g, ' ');
