import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseWith } from '@cap/service-kit';

export const IDEMPOTENCY_KEY = 'idempotency-key';

export const KEY_PATTERN = /^[!-~]{1,255}$/;

const idempotencyKey = z.string().regex(KEY_PATTERN, { error: 'expected 1 to 255 visible ASCII characters' });

/** The key of a request, or undefined. Throws CapError request.schema for one that is not well formed. */
export function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const header = headers[IDEMPOTENCY_KEY];
  return header === undefined ? undefined : parseWith(idempotencyKey, header, `header ${IDEMPOTENCY_KEY}`);
}
