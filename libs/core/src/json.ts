import canonicalize from 'canonicalize';
import { refuseDuplicateMembers } from './duplicate-members.js';
import { CapError } from './errors.js';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

const MAX_DEPTH = 64;
/** Members and items of one JSON text, all depths together: twice what the index of the largest bundle has. */
const MAX_MEMBERS = 100_000;

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
    throw new CapError('json.uncanonical', `${place}: ${why}`);
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
/** The same, or an escape that could be half a character. */
const MAY_BE_UNSOUND = /__proto__|\\u00|\\ud[89a-f]/i;
const refuseUnsound = (key: string, value: JsonValue): JsonValue => {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed()))
    throw new SyntaxError('a string with a lone surrogate');
  return refuseProto(key, value);
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Code that walks a value recurses and visits every part of it, so text that nests too deep or has too many parts is
 * refused before it is parsed. Each value begins the text, or follows an opening bracket or a comma.
 */
function refuseExcess(text: string, what: string, members: number): void {
  let depth = 0;
  let seen = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (OPENING.has(code)) {
      seen++;
      if (++depth > MAX_DEPTH) throw new CapError('json.malformed', `${what}: nested deeper than ${MAX_DEPTH}`);
    } else if (CLOSING.has(code)) depth--;
    else if (code === COMMA) seen++;
    if (seen > members) throw new CapError('json.limit', `${what}: more than ${members} members`);
  }
}

/** Index of the quote that ends the string which begins at `start`; the end of the text if none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/**
 * Parses JSON from bytes: valid UTF-8 without a byte order mark or lone surrogates, no `__proto__` member anywhere, nested at
 * most 64 deep, no member twice in one object. Throws CapError `json.malformed`, or `json.limit` for more than so many
 * `members`, whose message starts with `what`.
 */
export function parseJson(bytes: Uint8Array, what: string, members = MAX_MEMBERS): JsonValue {
  const { text, value } = parseLastMember(bytes, what, members, MAY_BE_UNSOUND, refuseUnsound);
  refuseDuplicateMembers(text, what);
  return value;
}

/**
 * Like parseJson(), but of duplicate members the last one counts, and lone surrogates are allowed. For finding out what a document
 * claims to be before a verdict rejects it; whatever is verified goes through parseJson().
 */
export const parseAmbiguousJson = (bytes: Uint8Array, what: string): JsonValue =>
  parseLastMember(bytes, what, MAX_MEMBERS, MAY_NAME_PROTO, refuseProto).value;

function parseLastMember(
  bytes: Uint8Array,
  what: string,
  members: number,
  suspect: RegExp,
  reviver: (key: string, value: JsonValue) => JsonValue,
): { text: string; value: JsonValue } {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch (cause) {
    throw new CapError('json.malformed', `${what}: not UTF-8`, { cause });
  }
  refuseExcess(text, what, members);
  try {
    // Visiting every member costs as much as parsing; only a text that could spell what is refused needs it.
    return { text, value: (suspect.test(text) ? JSON.parse(text, reviver) : JSON.parse(text)) as JsonValue };
  } catch (cause) {
    throw new CapError('json.malformed', `${what}: ${(cause as Error).message}`, { cause });
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
