import { CapError } from '@cap/core';
import { entitiesFor } from './entities.js';
import type { SqlDatabase, SqlRow, SqlSession, SqlValue } from './sql-database.js';

/**
 * Everything that a registry's database holds, in an order in which no row refers to a later one, with the columns and the key of
 * each table. Leases of snapshots belong to a running service and are not copied.
 */
const TABLES: readonly { name: string; key: string; columns: readonly string[] }[] = entitiesFor('sqlite')
  .map(({ options }) => ({
    name: options.name,
    key: Object.entries(options.columns).find(([, column]) => column?.primary)![0],
    columns: Object.keys(options.columns),
  }))
  .filter(({ name }) => name !== 'snapshot_leases');

const PAGE = 1_000;

/** Whether all tables are empty. */
export async function isEmpty(session: SqlSession): Promise<boolean> {
  for (const { name } of TABLES) if ((await session.all(`SELECT 1 FROM ${name} LIMIT 1`)).length > 0) return false;
  return true;
}

/** Copies every table into an empty database, in one transaction there. `from` must see one state throughout. */
export async function copyTables(
  from: SqlSession,
  into: Pick<SqlDatabase, 'write'>,
  onProgress: (rows: number) => void = () => undefined,
): Promise<void> {
  await into.write(async (to) => {
    if (!(await isEmpty(to))) throw new CapError('migrate.not-empty', 'the database has rows already');
    let copied = 0;
    for (const { name, key, columns } of TABLES) {
      let after: SqlValue = null;
      for (;;) {
        const where: string = after === null ? '' : `WHERE ${key} > ?`;
        const rows: SqlRow[] = await from.all<SqlRow>(
          `SELECT ${columns.join(', ')} FROM ${name} ${where} ORDER BY ${key} LIMIT ${PAGE}`,
          after === null ? [] : [after],
        );
        if (rows.length === 0) break;
        await to.insert(name, rows);
        after = rows.at(-1)![key]!;
        onProgress((copied += rows.length));
      }
    }
    const [totals] = await from.all<SqlRow>('SELECT entries, blob_bytes FROM totals');
    await to.run('UPDATE totals SET entries = ?, blob_bytes = ?', [totals!.entries!, totals!.blob_bytes!]);
  });
}
