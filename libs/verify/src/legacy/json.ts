import { CapError, jcs, parseJson, type JsonValue } from '@cap/core';

/** A thousand claims fit. Each signature and each proof unit costs a pass over these bytes. */
const MAX_BYTES = 256_000;

/**
 * Parses JSON of the older program, which had no canonical form: it must at least have one reading, so no member stands
 * in it twice, and a spelling, so no NaN, lone surrogate or bottomless nesting. Throws CapError `input` that names the file.
 */
export function parseUnambiguousJson(bytes: Buffer, name: string): JsonValue {
  if (bytes.length > MAX_BYTES)
    throw new CapError('json.malformed', `${name}: ${bytes.length} bytes, at most ${MAX_BYTES} are read`);
  const value = parseJson(bytes, name);
  jcs(value);
  return value;
}
