import type { z } from 'zod';
import { CapError, isCanonicalJson, parseJson } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { statementDigest, type BackendName, type BoundStatement } from '../statement/statement.js';
import { fault, OK, type StepOutcome } from './outcome.js';

/** Members of a payload at most: one that opens all fields of all rows of a list of 40 000 has about as many. */
export const PAYLOAD_MEMBERS = 1_000_000;

/**
 * Reads a JSON payload strictly: canonical bytes (one spelling, so no bit of a proof is free), no member beyond the
 * schema's. Throws CapError `proof.payload` that names the member.
 */
export function readPayload<T>(payload: Uint8Array, schema: z.ZodType<T>): T {
  const value = parseJson(payload, 'proof payload', PAYLOAD_MEMBERS);
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CapError('proof.payload', `${['payload', ...issue!.path].join('.')}: ${issue!.message}`);
  }
  if (!isCanonicalJson(payload, value)) throw new CapError('proof.payload', 'payload: not canonical JSON (RFC 8785)');
  return parsed.data;
}

/** Is the payload bound to the context's manifest, policy and statement? */
export function bindingOutcome(backend: BackendName, context: BoundStatement, found: Digest): StepOutcome {
  const expected = statementDigest(backend, context);
  return found === expected
    ? OK
    : fault('the proof is bound to another manifest, policy or statement', expected, found);
}

/** The outcome of both steps for a payload whose statement digest can't even be read. */
export function unreadable(
  backend: BackendName,
  context: BoundStatement,
  error: unknown,
): { binding: StepOutcome; validity: StepOutcome } {
  const why = fault((error as Error).message, statementDigest(backend, context), 'unreadable payload');
  return { binding: why, validity: why };
}
