import type { Rows, TableName } from '../database/entities.js';
import type { SqlSession, SqlValue } from '../database/sql-database.js';

const PAGE = 1_000;

/** All rows of a table in the order of its key, after `after`, a page at a time. */
export async function* pagesOf<Table extends TableName>(
  session: SqlSession,
  table: Table,
  key: keyof Rows[Table] & string,
  after: SqlValue = null,
): AsyncGenerator<Rows[Table][]> {
  for (;;) {
    const rows: Rows[Table][] = await session.all<Rows[Table]>(
      `SELECT * FROM ${table} ${after === null ? '' : `WHERE ${key} > ?`} ORDER BY ${key} LIMIT ${PAGE}`,
      after === null ? [] : [after],
    );
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)![key] as SqlValue;
  }
}
