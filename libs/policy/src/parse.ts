import { isScalar, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml';
import { CapError, isCapError, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import { MAX_POLICY_BYTES, MAX_POLICY_MEMBERS } from './bounds.js';
import { requirePlainJson } from './plain-json.js';

const refuse = (message: string, cause?: unknown): never => {
  throw new CapError('policy.invalid', message, { cause });
};

/** Some editors write a byte order mark, which is not part of the text. Canonical files never have one. */
export const withoutByteOrderMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/**
 * JSON, or YAML 1.2 (core schema; no aliases, tags of its own or repeated members), to plain JSON. Throws CapError
 * `policy.invalid` that starts with `name` and names line and column.
 */
export function parsePolicyText(file: Uint8Array, name: string): JsonValue {
  const bytes = withoutByteOrderMark(file);
  if (bytes.length > MAX_POLICY_BYTES)
    return refuse(`${name}: ${bytes.length} bytes, at most ${MAX_POLICY_BYTES} are read`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value = /^\s*[{[]/u.test(text) ? parseJson(bytes, name, MAX_POLICY_MEMBERS) : parseYaml(text, name);
    requirePlainJson(value, name);
    return value;
  } catch (error) {
    if (isCapError(error) && error.code === 'policy.invalid') throw error;
    const message = (error as Error).message;
    return refuse(message.startsWith(name) ? message : `${name}: ${message}`, error);
  }
}

/** A line break or a sign that may begin a member, an item or a comment: the YAML parser's work grows with them. */
const YAML_SIGNS = /[\n,[{]|[-:?#](?=\s)/g;

function refuseManyYamlSigns(text: string, name: string): void {
  const signs = text.matchAll(YAML_SIGNS);
  for (let count = 1; !signs.next().done; count++)
    if (count > MAX_POLICY_MEMBERS) refuse(`${name}: more than ${MAX_POLICY_MEMBERS} lines and items`);
}

function parseYaml(text: string, name: string): JsonValue {
  refuseManyYamlSigns(text, name);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false, // see requireDistinctNames
    strict: true,
    lineCounter,
  });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const place = fault.linePos?.[0];
    return refuse(`${name}${place ? `:${place.line}:${place.col}` : ''}: ${fault.message.split('\n')[0]}`);
  }
  visit(document, { Map: (_, map) => requireDistinctNames(map, lineCounter, name) });
  return document.toJS({ maxAliasCount: 0 }) as JsonValue;
}

/**
 * Names are text, each once. The parser's own check compares every name with every other, so that a large map would take
 * minutes, and it tells 1 from "1", which are one name in JSON.
 */
function requireDistinctNames(map: YAMLMap, lines: LineCounter, name: string): void {
  const names = new Set<string>();
  for (const { key } of map.items) {
    const value = isScalar(key) ? key.value : undefined;
    const { line, col } = lines.linePos((key as { range?: number[] | null }).range?.[0] ?? 0);
    if (typeof value !== 'string') refuse(`${name}:${line}:${col}: the name of a member must be text`);
    else if (names.has(value)) refuse(`${name}:${line}:${col}: duplicate member ${JSON.stringify(value)}`);
    else names.add(value);
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
