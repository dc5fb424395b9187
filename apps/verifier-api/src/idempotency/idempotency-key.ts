import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseWith } from '@cap/service-kit';

export const IDEMPOTENCY_KEY = 'idempotency-key';

export const idempotencyKey = z
  .string()
  .regex(/^[!-~]{1,255}$/, { error: 'expected 1 to 255 visible ASCII characters' })
  .meta({
    description: 'Chosen by the caller. The same request under the same key gets the first answer again for 24 h.',
  });

/** The key of a request, or undefined. Throws ProblemError request.schema for one that is not well formed. */
export function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const header = headers[IDEMPOTENCY_KEY];
  return header === undefined ? undefined : parseWith(idempotencyKey, header, `header ${IDEMPOTENCY_KEY}`);
}
