import { isCapError, type JsonValue, parseJson } from '@cap/crypto';
import { ProblemError } from '../problems/problem.js';

/** A JSON body, read strictly: one in which a member stands twice has no single reading. Throws ProblemError request.schema. */
export function parseJsonBody(body: Buffer): JsonValue {
  if (body.length === 0) throw new ProblemError('request.schema', 'body: expected JSON, got nothing.');
  try {
    return parseJson(body, 'body');
  } catch (error) {
    if (isCapError(error)) throw new ProblemError('request.schema', error.message, { cause: error });
    throw error;
  }
}
