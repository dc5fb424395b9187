import { digest, instant } from '@cap/core';
import { z } from 'zod';
import { entryRecord } from './entries.js';
import { count } from './scalars.js';

const dry_run = z.boolean().default(false);

/** POST /v1/blobs/collect. `grace_hours`: how long a file without a row stays. */
export const collectRequest = z
  .strictObject({
    grace_hours: z
      .number()
      .min(0)
      .max(24 * 366)
      .optional(),
    dry_run,
  })
  .meta({ id: 'CollectRequest' });
export type CollectRequest = z.input<typeof collectRequest>;

/** How many BLOBs were moved, or would be. */
export const collectionResult = z
  .object({
    /** Expired uploads, to the trash. */
    uploads: count,
    /** Files without a row, to the trash. */
    orphans: count,
    /** Back from the trash, because a row refers to them. */
    restored: count,
    /** Gone for good. */
    purged: count,
    /** A snapshot is in use: nothing is collected meanwhile. */
    blocked_by_snapshot: z.boolean(),
  })
  .meta({ id: 'CollectionResult' });
export type CollectionResult = z.infer<typeof collectionResult>;

/** PUT /v1/entries/:id/hold, where :id is an entry or a bundle. */
export const holdRequest = z.strictObject({ held: z.boolean() }).meta({ id: 'HoldRequest' });
export const heldEntries = z.object({ items: z.array(entryRecord) }).meta({ id: 'HeldEntries' });
export type HeldEntries = z.infer<typeof heldEntries>;

const erasureReason = z.enum(['personal-data', 'retention']);
export type ErasureReason = z.infer<typeof erasureReason>;

/** POST /v1/entries/:id/erase, where :id is an entry or a bundle. */
export const eraseRequest = z
  .strictObject({ reason: erasureReason.default('personal-data') })
  .meta({ id: 'EraseRequest' });
export const erasureRecord = z
  .object({ bundle_id: digest, erased_at: instant, entries: count })
  .meta({ id: 'ErasureRecord' });
export type ErasureRecord = z.infer<typeof erasureRecord>;

/** The least number of years that evidence is kept. */
const MIN_RETENTION_YEARS = 7;
const retentionYears = z
  .int()
  .min(MIN_RETENTION_YEARS, {
    error: `expected ${MIN_RETENTION_YEARS} years or more: LkSG § 10 (1) has evidence kept for seven years`,
  })
  .max(1000);

/** POST /v1/retention. Without `years`: those of registry.retention_years. */
export const retentionRequest = z
  .strictObject({ years: retentionYears.optional(), dry_run })
  .meta({ id: 'RetentionRequest' });
export type RetentionRequest = z.input<typeof retentionRequest>;

/** At most 1 000 bundles: `more` says that there are others. */
export const retentionResult = z
  .object({
    before: instant,
    bundles: z.array(z.object({ bundle_id: digest, registered_at: instant, log_index: count })),
    more: z.boolean(),
  })
  .meta({ id: 'RetentionResult' });
export type RetentionResult = z.infer<typeof retentionResult>;
