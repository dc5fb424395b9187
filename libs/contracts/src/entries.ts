import { digest, VERDICTS, kid, instant } from '@cap/core';
import { z } from 'zod';
import { pageOf, pageQuery } from './page.js';
import { receipt } from './log.js';
import { count, digestRef, plainText } from './scalars.js';

export const verdict = z.enum(VERDICTS);

const content = {
  bundle_id: digest,
  /** Null if the bundle has none that could be read. */
  manifest_hash: digest.nullable(),
  proof_hash: digest.nullable(),
  policy_hash: digest.nullable(),
  result: verdict,
  report_hash: digest,
  /** Null if no signature verified. */
  signer_kid: kid.nullable(),
};

/** POST /v1/entries. The BLOB bundle_id must have been stored; from then on it does not expire. */
export const entryRequest = z
  .strictObject({ ...content, company: plainText.min(1).max(500).nullable().optional() })
  .meta({ id: 'EntryRequest' });
export type EntryRequest = z.infer<typeof entryRequest>;

export const entryRecord = z
  .object({
    entry_id: z.uuid(),
    registered_at: instant,
    ...content,
    company: z.string().nullable(),
    /** Sequence number of the log event that registered it. */
    log_index: count,
    /** Since when bundle and company are gone; the entry and its proofs stay. */
    erased_at: instant.nullable(),
    /** On legal hold: neither retention nor erasure may remove it. */
    legal_hold: z.boolean(),
  })
  .meta({ id: 'EntryRecord' });
export type EntryRecord = z.infer<typeof entryRecord>;

/** `created` is false if this (bundle_id, policy_hash, report_hash) was registered before: then this is the first record. The receipt proves its event in the log's current tree. */
export const entryStored = z.object({ entry: entryRecord, created: z.boolean(), receipt }).meta({ id: 'EntryStored' });
export type EntryStored = z.infer<typeof entryStored>;

/** Entries come in log order, oldest first. */
export const entryQuery = pageQuery.extend({
  bundle_id: digest.optional(),
  /** Beginning of a bundle_id. */
  bundle_prefix: z
    .string()
    .regex(/^0x[0-9a-f]{1,64}$/, { error: 'expected 0x and up to 64 lower-case hex digits' })
    .optional(),
  policy_hash: digestRef.optional(),
  signer_kid: kid.optional(),
  company: plainText.max(500).optional(),
  result: verdict.optional(),
  /** Registered at or after. */
  from: instant.optional(),
  /** Registered before. */
  to: instant.optional(),
});
export type EntryQuery = z.input<typeof entryQuery>;
export type EntryFilter = Omit<EntryQuery, 'cursor' | 'limit'>;
export const entryPage = pageOf(entryRecord).meta({ id: 'EntryPage' });
