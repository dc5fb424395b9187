import { type SqlRow, type SqlSession, type SqlValue } from '../database/sql-database.js';

const PAGE = 1_000;

/** All rows of a table in the order of its key, a page at a time. */
export async function* pagesOf<Row>(
  session: SqlSession,
  table: string,
  key: keyof Row & string,
  where = '1 = 1',
): AsyncGenerator<Row[]> {
  let after: SqlValue = null;
  for (;;) {
    const rows: Row[] = await session.all<Row>(
      `SELECT * FROM ${table} WHERE ${where} ${after === null ? '' : `AND ${key} > ?`} ORDER BY ${key} LIMIT ${PAGE}`,
      after === null ? [] : [after],
    );
    if (rows.length === 0) return;
    yield rows;
    after = (rows.at(-1) as SqlRow)[key]!;
  }
}
