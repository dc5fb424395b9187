import { CapError, isCapError, type JsonValue, parseJson } from '@cap/core';

/**
 * Parses a JSON body strictly: duplicate members are ambiguous and refused. Members are counted before any value is
 * built. Throws CapError request.schema, request.limit.
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
