import { z } from 'zod';
import { queryNumber } from './scalars.js';

export const PAGE_LIMIT = 1000;

/** Query of every listing: `cursor` is the `next_cursor` of the page before, opaque to callers. */
export const pageQuery = z.strictObject({
  cursor: z.string().min(1).max(200).optional(),
  limit: queryNumber(1, PAGE_LIMIT).default(100),
});
export type PageQuery = z.input<typeof pageQuery>;
/** The query as parsed. */
export type PageRequest = z.output<typeof pageQuery>;

/** A page; `next_cursor` is null on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
