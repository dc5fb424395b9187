import { type SqlRow, type SqlSession, type SqlValue } from '../database/sql-database.js';

const PAGE = 1_000;

/** All rows of a table in the order of its key, from behind `after`, a page at a time. */
export async function* pagesOf<Row>(
  session: SqlSession,
  table: string,
  key: keyof Row & string,
  after: SqlValue = null,
): AsyncGenerator<Row[]> {
  for (;;) {
    const rows: Row[] = await session.all<Row>(
      `SELECT * FROM ${table} ${after === null ? '' : `WHERE ${key} > ?`} ORDER BY ${key} LIMIT ${PAGE}`,
      after === null ? [] : [after],
    );
    if (rows.length === 0) return;
    yield rows;
    after = (rows.at(-1) as SqlRow)[key]!;
  }
}
