import { digest } from '@cap/core';
import { z } from 'zod';
import { queryNumber } from './scalars.js';

/** Chosen by the caller, so that a retried request for a lease is recognised as the same. */
const leaseId = z.uuid();
const leaseSeconds = z.int().min(1).max(60);

/** POST /v1/idempotency-keys. Codes idempotency.mismatch, idempotency.in-flight. */
export const keyRequest = z
  .strictObject({
    /** Digest of the key's owner, its route and its text. */
    key_id: digest,
    /** Digest of what the request asks for. */
    request_digest: digest,
    lease_id: leaseId,
    lease_seconds: leaseSeconds,
  })
  .meta({ id: 'KeyRequest' });
export type KeyRequest = z.infer<typeof keyRequest>;

/** HTTP status of an answer, and the BLOB that holds its body. */
const storedAnswer = z.object({ status: z.int(), blob_id: digest });
export type StoredAnswer = z.infer<typeof storedAnswer>;

/** `answer` is null if the caller now has the key and should process the request; else it is the first answer, with its body as a BLOB. */
export const keyState = z.object({ answer: storedAnswer.nullable() }).meta({ id: 'KeyState' });
export type KeyState = z.infer<typeof keyState>;

/** PUT /v1/idempotency-keys/:id/lease */
export const leaseRequest = z
  .strictObject({ lease_id: leaseId, lease_seconds: leaseSeconds })
  .meta({ id: 'LeaseRequest' });
export type LeaseRequest = z.infer<typeof leaseRequest>;

/** PUT /v1/idempotency-keys/:id/answer, the body of the answer as the body. */
export const answerQuery = z.strictObject({
  lease_id: leaseId,
  status: queryNumber(200, 299),
});
export type AnswerQuery = z.input<typeof answerQuery>;

/** DELETE /v1/idempotency-keys/:id */
export const releaseQuery = z.strictObject({ lease_id: leaseId });
