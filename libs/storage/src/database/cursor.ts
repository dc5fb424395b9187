import type { Page } from '@cap/contracts';
import { CapError } from '@cap/core';
import { type Digest, isDigest } from '@cap/crypto';

/** A cursor is the last key of a page: a page costs what it holds, wherever it is. */
export const encodeCursor = (key: string | number): string => Buffer.from(String(key)).toString('base64url');

const invalidCursor = () => new CapError('request.schema', 'cursor: expected the next_cursor of another page');

export function numberCursor(cursor: string | undefined): number {
  if (cursor === undefined) return -1;
  const key = decode(cursor);
  if (!/^\d{1,15}$/.test(key)) throw invalidCursor();
  return Number(key);
}

/** For pages ordered by time: time and position. */
export function timeCursor(cursor: string): [string, number] {
  const match = /^(\d{4}-[\d:.T-]{1,30}Z),(\d{1,15})$/.exec(decode(cursor));
  if (!match) throw invalidCursor();
  return [match[1]!, Number(match[2])];
}

export function blobCursor(cursor: string): Digest {
  const key = decode(cursor);
  if (!isDigest(key)) throw invalidCursor();
  return key;
}

const decode = (cursor: string): string => Buffer.from(cursor, 'base64url').toString('latin1');

/** `rows`: one more than the page holds, if there is one. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => string | number,
  item: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  return { items: shown.map(item), next_cursor: rows.length > limit ? encodeCursor(key(shown.at(-1)!)) : null };
}
