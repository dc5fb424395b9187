import { dayOrInstant, digest, instant } from '@cap/core';
import { z } from 'zod';
import { pageOf, pageQuery } from './page.js';
import { count, plainText } from './scalars.js';

const listKind = z.enum(['sanctions', 'jurisdictions']);

/** The name that policies and manifests use for a reference list. */
const listId = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,63}$/, { error: 'expected a name of lower-case letters, digits, . _ -' });

/** POST /v1/lists: the raw CSV as base64, so that its hash is that of the file. */
export const listRequest = z
  .strictObject({
    id: listId,
    kind: listKind,
    as_of: dayOrInstant.refine((asOf) => Date.parse(asOf) <= Date.now() + 86_400_000, {
      error: 'must not be in the future',
    }),
    content: z.base64({ error: 'expected base64' }),
  })
  .meta({ id: 'ListRequest' });
export type ListRequest = z.infer<typeof listRequest>;

/** POST /v1/lists/:hash/withdraw */
export const listWithdrawal = z
  .strictObject({
    reason: plainText.max(1000).regex(/\S/u, { error: 'expected a reason' }),
  })
  .meta({ id: 'ListWithdrawal' });
export type ListWithdrawal = z.infer<typeof listWithdrawal>;

export const listRecord = z
  .object({
    /** SHA3-256 of the raw CSV. */
    hash: digest,
    id: z.string(),
    kind: listKind,
    as_of: z.string(),
    /** The as_of of the newest list with this id that was not withdrawn; null if all were. */
    newest_as_of: z.string().nullable(),
    created_at: instant,
    /** Since when nobody should rely on this content any more, and why; null if it was not withdrawn. */
    withdrawn_at: instant.nullable(),
    withdrawal_reason: z.string().nullable(),
    /** Bytes of the CSV. */
    size: count,
    entries: count,
    /** Sanctions lists: how many entries lack a field that an identifier scheme needs, and so can't match under it. */
    unmatchable: z.object({ id: count, name: count, person: count }).nullable(),
  })
  .meta({ id: 'ListRecord' });
export type ListRecord = z.infer<typeof listRecord>;

export const listStored = z.object({ list: listRecord, created: z.boolean() }).meta({ id: 'ListStored' });
export type ListStored = z.infer<typeof listStored>;

export const listQuery = pageQuery.extend({ id: listId.optional() });
export type ListQuery = z.input<typeof listQuery>;
export const listPage = pageOf(listRecord).meta({ id: 'ListPage' });
