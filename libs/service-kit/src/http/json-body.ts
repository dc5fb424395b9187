import { isCapError, JSON_LIMIT, type JsonValue, parseJson } from '@cap/core';
import { ProblemError } from '../problems/problem.js';

/**
 * A JSON body, read strictly: one in which a member stands twice has no single reading. Its members are counted before anything
 * is made of them. Throws ProblemError request.schema, request.limit.
 */
export function parseJsonBody(body: Buffer): JsonValue {
  if (body.length === 0) throw new ProblemError('request.schema', 'body: expected JSON, got nothing.');
  try {
    return parseJson(body, 'body');
  } catch (error) {
    if (!isCapError(error)) throw error;
    const code = error.code === JSON_LIMIT ? 'request.limit' : 'request.schema';
    throw new ProblemError(code, error.message, { cause: error });
  }
}
