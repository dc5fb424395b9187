import { type EntryFilter, type PageRequest } from '../stores.js';
import { numberCursor, timeCursor } from './cursor.js';
import { type EntryRow } from './entities.js';
import { type SqlValue } from './sql-database.js';

export interface EntriesQuery {
  sql: string;
  values: SqlValue[];
  /** What the cursor after this row says. */
  key: (row: EntryRow) => string | number;
}

const EQUAL = ['bundle_id', 'policy_hash', 'signer_kid', 'company', 'result'] as const;

/**
 * One row more than a page. Every filter by itself is read off an index, in the order of the page, so that a page costs what
 * it holds: log order, but with a time the order of time, which is the same unless somebody set the clock back.
 */
export function entriesQuery({ cursor, limit }: PageRequest, filter: EntryFilter): EntriesQuery {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const where = (condition: string, ...given: SqlValue[]) => {
    conditions.push(condition);
    values.push(...given);
  };
  for (const column of EQUAL) if (filter[column] !== undefined) where(`${column} = ?`, filter[column]);
  const { bundle_prefix, from, to } = filter;
  // 'g' sorts after every hex digit, so this is the range of everything that begins so.
  if (bundle_prefix !== undefined) where('bundle_id >= ? AND bundle_id < ?', bundle_prefix, `${bundle_prefix}g`);
  if (from !== undefined) where('registered_at >= ?', inLogForm(from));
  if (to !== undefined) where('registered_at < ?', inLogForm(to));
  const byTime = from !== undefined || to !== undefined;
  if (byTime && cursor !== undefined) where('(registered_at, log_index) > (?, ?)', ...timeCursor(cursor));
  else if (!byTime) where('log_index > ?', numberCursor(cursor));
  const order = byTime ? 'registered_at, log_index' : 'log_index';
  return {
    sql: `SELECT * FROM entries WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ?`,
    values: [...values, limit + 1],
    key: byTime ? (row) => `${row.registered_at},${row.log_index}` : (row) => row.log_index,
  };
}

/** The log's times have milliseconds; a time without them compares wrongly as text. */
const inLogForm = (time: string): string => new Date(time).toISOString();
