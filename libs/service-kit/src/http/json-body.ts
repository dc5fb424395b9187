import { CapError, isCapError, type JsonValue, parseJson } from '@cap/core';

/**
 * A JSON body, read strictly: one in which a member stands twice has no single reading. Its members are counted before anything
 * is made of them. Throws CapError request.schema, request.limit.
 */
export function parseJsonBody(body: Buffer): JsonValue {
  if (body.length === 0) throw new CapError('request.schema', 'body: expected JSON, got nothing.');
  try {
    return parseJson(body, 'body');
  } catch (error) {
    if (!isCapError(error)) throw error;
    const code = error.code === 'json.limit' ? 'request.limit' : 'request.schema';
    throw new CapError(code, error.message, { cause: error });
  }
}
