import type { EntryFilter, PageRequest } from '@cap/contracts';
import { numberCursor, timeCursor } from './cursor.js';
import type { EntryRow } from './entities.js';
import type { SqlValue } from './sql-database.js';

export interface EntriesQuery {
  sql: string;
  values: SqlValue[];
  /** The cursor key of a row. */
  key: (row: EntryRow) => string | number;
}

/** Filters that few entries match, and filters that many match. */
const SELECTIVE = ['bundle_id', 'company', 'signer_kid'] as const;
const COMMON = ['policy_hash', 'result'] as const;
const EQUAL = [...SELECTIVE, ...COMMON] as const;
/** `0x` and one digit: a sixteenth of all entries match, so scanning is fastest. */
const SHORT_PREFIX = 3;

/**
 * One row more than a page. Entries come in the order of the log; with a time in the order of time, which is the same unless
 * the clock was set back. One filter is read from its index, in that order, so that a page costs what it holds; the others are
 * checked row by row, and written so that no engine chooses their index instead.
 */
export function entriesQuery({ cursor, limit }: PageRequest, filter: EntryFilter): EntriesQuery {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const where = (condition: string, ...given: SqlValue[]) => {
    conditions.push(condition);
    values.push(...given);
  };
  const { bundle_prefix: prefix, from, to } = filter;
  const byTime = from !== undefined || to !== undefined;
  const byPrefix = prefix !== undefined && prefix.length > SHORT_PREFIX;
  const isAsked = (column: (typeof EQUAL)[number]) => filter[column] !== undefined;
  const indexed = SELECTIVE.find(isAsked) ?? (byTime || byPrefix ? undefined : COMMON.find(isAsked));

  for (const column of EQUAL.filter(isAsked))
    where(column === indexed ? `${column} = ?` : `(${column} || '') = ?`, filter[column]!);
  if (from !== undefined) where('registered_at >= ?', inLogForm(from));
  if (to !== undefined) where('registered_at < ?', inLogForm(to));
  if (byTime && cursor !== undefined) where('(registered_at, log_index) > (?, ?)', ...timeCursor(cursor));
  if (!byTime) where('log_index > ?', numberCursor(cursor));
  // 'g' sorts after every hex digit, so this is the range of everything with this prefix.
  if (byPrefix) where('bundle_id >= ? AND bundle_id < ?', prefix, `${prefix}g`);
  else if (prefix !== undefined) where(`substr(bundle_id, 1, ${prefix.length}) = ?`, prefix);

  const order = byTime ? 'registered_at, log_index' : 'log_index';
  const key = byTime ? (row: EntryRow) => `${row.registered_at},${row.log_index}` : (row: EntryRow) => row.log_index;
  return {
    sql: `SELECT * FROM entries WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ?`,
    values: [...values, limit + 1],
    key,
  };
}

/** The log's times have milliseconds; a time without them compares wrongly as text. */
const inLogForm = (time: string): string => new Date(time).toISOString();
