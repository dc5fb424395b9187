import { digest, instant } from '@cap/core';
import { z } from 'zod';
import type { ClientName } from './access.js';
import { PAGE_LIMIT } from './page.js';
import { count, jsonObject, queryNumber } from './scalars.js';

/** One event of the registry's hash chain. */
export const eventRecord = z
  .object({
    seq: count,
    ts: instant,
    event: z.string(),
    details: jsonObject,
    prev_digest: digest,
    digest,
  })
  .meta({ id: 'EventRecord' });
export type EventRecord = z.infer<typeof eventRecord>;

export const eventQuery = z.strictObject({
  from: queryNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: queryNumber(1, PAGE_LIMIT).default(100),
});
export type EventQuery = z.input<typeof eventQuery>;

/** `next_from` is null when the log ends with this page. */
export const eventPage = z
  .object({ items: z.array(eventRecord), next_from: count.nullable(), log_size: count })
  .meta({ id: 'EventPage' });
export type EventPage = z.infer<typeof eventPage>;

/** The events that are reported to the registry, and the one client that may append each. */
export const EVENT_REPORTERS = {
  'backup.completed': 'backup',
  'backup.drill': 'backup',
  'legacy.entry': 'operator',
} as const satisfies Record<string, ClientName>;

/** POST /v1/events: what a backup reports, or what an operator imports from an older registry. Details contain ids, counts and hashes only, never personal data. */
export const eventRequest = z
  .strictObject({
    event: z.enum(Object.keys(EVENT_REPORTERS) as (keyof typeof EVENT_REPORTERS)[]).meta({
      description: `Each is appended by one client: ${Object.entries(EVENT_REPORTERS)
        .map(([event, client]) => `${event} by ${client}`)
        .join(', ')}`,
    }),
    details: z
      .record(
        z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
        z.union([z.string().max(200), z.int(), z.boolean(), z.null()]),
      )
      .refine((details) => Object.keys(details).length <= 32, { error: 'expected at most 32 members' }),
  })
  .meta({ id: 'EventRequest' });
export type EventRequest = z.infer<typeof eventRequest>;
