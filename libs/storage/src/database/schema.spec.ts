import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { DataDirectory } from '../data.fixture.js';
import { PROFILE } from '../profile.fixture.js';
import { createDatabase } from './postgres.fixture.js';
import { entitiesFor } from './entities.js';

/**
 * The migrations are written by hand; the entities say what must come out. Names of constraints are not compared: the SQLite
 * tables give theirs none.
 */
const ENGINE = PROFILE === 'scale-out' ? 'postgres' : 'sqlite';
const TABLES = entitiesFor(ENGINE).map(({ options }) => options.name);

/** All that an engine knows of a table, in words that two databases of one schema share. */
type Structure = Record<string, string[]>;

let place: DataDirectory;
beforeEach(async () => {
  place = await DataDirectory.make();
});
afterEach(() => place.remove());

async function structureOf(options: DataSourceOptions): Promise<Structure> {
  const source = await new DataSource(options).initialize();
  try {
    return await (ENGINE === 'sqlite' ? sqliteStructure(source) : postgresStructure(source));
  } finally {
    await source.destroy();
  }
}

async function sqliteStructure(source: DataSource): Promise<Structure> {
  const structure: Structure = {};
  for (const table of TABLES) {
    const all = (sql: string): Promise<Record<string, string | number>[]> => source.query(sql);
    const [list] = await all(`SELECT wr FROM pragma_table_list('${table}')`);
    const facts = [`without rowid: ${list!.wr}`];
    for (const { name, type, notnull, dflt_value, pk } of await all(`PRAGMA table_xinfo(${table})`))
      // A key is never null, whether its column says so or not.
      facts.push(`${name} ${String(type).toUpperCase()} null:${!notnull && !pk} default:${dflt_value} key:${pk}`);
    for (const { name, unique, origin, partial } of await all(`PRAGMA index_list(${table})`)) {
      const columns = (await all(`PRAGMA index_info("${name}")`)).map((each) => each.name);
      const [index] = await all(`SELECT sql FROM sqlite_master WHERE name = '${name}'`);
      const where = /WHERE.*/.exec(String(index?.sql))?.[0];
      if (columns.includes(null!)) continue; // over an expression
      facts.push(`${origin === 'c' ? name : origin} (${columns.join()}) unique:${unique} ${partial ? where : ''}`);
    }
    for (const { table: to, from, to: column, on_delete } of await all(`PRAGMA foreign_key_list(${table})`))
      facts.push(`${from} -> ${to}.${column} on delete ${on_delete}`);
    structure[table] = facts.sort();
  }
  return structure;
}

async function postgresStructure(source: DataSource): Promise<Structure> {
  const structure: Structure = {};
  for (const table of TABLES) {
    const rows: { fact: string }[] = await source.query(
      `SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, collname, pg_get_expr(adbin, adrelid)) AS fact
         FROM pg_attribute LEFT JOIN pg_collation c ON c.oid = attcollation
         LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = $1::regclass AND attnum > 0
       UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::regclass
       UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = $1::regclass AND indexprs IS NULL
         AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))`,
      [table],
    );
    structure[table] = rows.map(({ fact }) => fact).sort();
  }
  return structure;
}

const optionsOf = (database: string): DataSourceOptions =>
  ENGINE === 'sqlite'
    ? { type: 'better-sqlite3', database, driver: Database }
    : { type: 'postgres', url: database, driver: pg, installExtensions: false };

describe(`the schema that the migrations make (${ENGINE})`, () => {
  it('is the one that TypeORM derives from the entities', async () => {
    const { database } = place.place;
    await place.close(await place.open());
    const empty = ENGINE === 'sqlite' ? ':memory:' : await createDatabase(database, `derived_${process.pid}`);
    const derived = await structureOf({ ...optionsOf(empty), entities: entitiesFor(ENGINE), synchronize: true });
    expect(await structureOf(optionsOf(database))).toEqual(derived);
  });

  it('has no other tables than those, the totals and the list of migrations', async () => {
    await place.close(await place.open());
    const source = await new DataSource(optionsOf(place.place.database)).initialize();
    const rows: { name: string }[] = await source.query(
      ENGINE === 'sqlite'
        ? `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
        : `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    await source.destroy();
    expect(rows.map(({ name }) => name).sort()).toEqual([...TABLES, 'migrations', 'totals'].sort());
  });
});
