import canonicalize from 'canonicalize';
import { CapError } from './errors.js';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

const MAX_DEPTH = 64;

/**
 * RFC 8785 canonical JSON as UTF-8 bytes. Refuses (CapError `json.uncanonical`, naming the place) what has no single
 * spelling: lone surrogates, NaN and infinities, integers beyond 2^53, undefined, and anything that is not plain JSON.
 * Object members that are undefined are left out, as JSON.stringify does.
 */
export function jcs(value: unknown): Buffer {
  validate(value, '$', 0);
  return Buffer.from(canonicalize(value) as string, 'utf8');
}

/** RFC 8785 text, for what is hashed or embedded as a string. */
export const jcsText = (value: unknown): string => jcs(value).toString('utf8');

function validate(value: unknown, place: string, depth: number): void {
  const refuse = (why: string): never => {
    throw new CapError('input', 'json.uncanonical', `${place}: ${why}`);
  };
  if (depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH}`);
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (!value.isWellFormed()) refuse('string with a lone surrogate');
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse('number is not finite');
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) refuse('integer beyond 2^53');
      return;
    case 'object':
      if (value === null) return;
      if (Array.isArray(value)) return value.forEach((item, i) => validate(item, `${place}[${i}]`, depth + 1));
      if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
        refuse('not a plain object');
      for (const [key, member] of Object.entries(value)) {
        if (!key.isWellFormed()) refuse('member name with a lone surrogate');
        if (member !== undefined) validate(member, `${place}.${key}`, depth + 1);
      }
      return;
    default:
      refuse(`${typeof value} is not JSON`);
  }
}

/** `__proto__` itself, or an escape that could spell a part of it. */
const MAY_NAME_PROTO = /__proto__|\\u00/i;
const refuseProto = (key: string, value: JsonValue): JsonValue => {
  if (key === '__proto__') throw new SyntaxError('a member is named __proto__');
  return value;
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses JSON from bytes: valid UTF-8 without a byte order mark, no `__proto__` member anywhere.
 * Throws CapError `json.malformed` whose message starts with `what`.
 */
export function parseJson(bytes: Uint8Array, what: string): JsonValue {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch (cause) {
    throw new CapError('input', 'json.malformed', `${what}: not UTF-8`, { cause });
  }
  try {
    // Visiting every member costs as much as parsing; only a text that could spell the name needs it.
    return (MAY_NAME_PROTO.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text)) as JsonValue;
  } catch (cause) {
    throw new CapError('input', 'json.malformed', `${what}: ${(cause as Error).message}`, { cause });
  }
}

/** True if the bytes are exactly the RFC 8785 spelling of the value they hold. */
export function isCanonicalJson(bytes: Uint8Array, value: unknown): boolean {
  try {
    return jcs(value).equals(bytes);
  } catch {
    return false;
  }
}
