import { jcs, parseJson, type JsonObject, type JsonValue } from '@cap/crypto';
import { policyInvalid } from './fault.js';

/**
 * A plain, deep copy of a JSON object with nothing in it that has no single spelling: lone surrogates, integers beyond
 * 2^53, `__proto__`, nesting without bounds, exotic objects. Throws CapError `policy.invalid` that names the place.
 */
export function plainCopy(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw policyInvalid(`${what}: expected an object`);
  try {
    return parseJson(jcs(value), what) as JsonObject;
  } catch (cause) {
    throw policyInvalid(`${what}: ${(cause as Error).message}`, cause);
  }
}

/** The value with the members of every object in the order of their names (UTF-16 code units, as in JCS). */
export function keySorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(keySorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, keySorted(value[key]!)]),
  );
}
