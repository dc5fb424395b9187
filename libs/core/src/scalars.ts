import { z } from 'zod';
import { isDate, isInstant } from './calendar.js';

/** Digest text: `0x` + 64 lowercase hex digits. */
export const DIGEST_PATTERN = /^0x[0-9a-f]{64}$/;

// The members that JSON formats and HTTP bodies share. What `meta` says is their JSON Schema.
export const digest = z
  .custom<`0x${string}`>((value) => typeof value === 'string' && DIGEST_PATTERN.test(value), {
    error: 'expected 0x and 64 lower-case hex digits',
  })
  .meta({ type: 'string', pattern: DIGEST_PATTERN.source, description: '0x and 64 lower-case hex digits' });

/** First 16 bytes of BLAKE3 of a public key, as hex. */
export const kid = z.string().regex(/^[0-9a-f]{32}$/, { error: 'expected 32 lower-case hex digits' });

/** RFC 3339 UTC with `Z`. */
export const instant = z
  .string()
  .refine(isInstant, { error: 'expected an RFC 3339 UTC time, e.g. 2026-01-15T10:00:00Z' })
  .meta({ format: 'date-time' });

/** A day or an RFC 3339 UTC time. */
export const dayOrInstant = z
  .string()
  .refine((text) => isDate(text) || isInstant(text), { error: 'expected YYYY-MM-DD or an RFC 3339 UTC time' })
  .meta({ anyOf: [{ format: 'date' }, { format: 'date-time' }] });

export const VERDICTS = ['ok', 'warn', 'fail'] as const;
export type Verdict = (typeof VERDICTS)[number];
