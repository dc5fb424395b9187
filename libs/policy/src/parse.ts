import { CapError, isCapError, jcs, parseJson, type JsonObject, type JsonValue } from '@cap/crypto';
import { parseDocument } from 'yaml';
import { refuseDuplicateMembers } from './duplicate-members.js';

const MAX_BYTES = 1_000_000;

const refuse = (message: string, cause?: unknown): never => {
  throw new CapError('input', 'policy.invalid', message, { cause });
};

/**
 * JSON, or YAML 1.2 (core schema; no aliases, tags of its own or repeated members), to plain JSON. Throws CapError
 * `policy.invalid` that starts with `name` and names line and column.
 */
export function parsePolicyText(bytes: Uint8Array, name: string): JsonValue {
  if (bytes.length > MAX_BYTES) return refuse(`${name}: ${bytes.length} bytes, at most ${MAX_BYTES} are read`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value = /^\s*[{[]/u.test(text) ? parseJsonOnce(bytes, text, name) : parseYaml(text, name);
    jcs(value); // refuses what has no canonical spelling, and nesting without end
    return value;
  } catch (error) {
    if (isCapError(error) && error.code === 'policy.invalid') throw error;
    const message = (error as Error).message;
    return refuse(message.startsWith(name) ? message : `${name}: ${message}`, error);
  }
}

function parseJsonOnce(bytes: Uint8Array, text: string, name: string): JsonValue {
  const value = parseJson(bytes, name);
  refuseDuplicateMembers(text, name);
  return value;
}

function parseYaml(text: string, name: string): JsonValue {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: true,
    strict: true,
  });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const place = fault.linePos?.[0];
    return refuse(`${name}${place ? `:${place.line}:${place.col}` : ''}: ${fault.message.split('\n')[0]}`);
  }
  const value = document.toJS({ maxAliasCount: 0 }) as JsonValue;
  refuseProto(value, name);
  return value;
}

function refuseProto(value: JsonValue, name: string): void {
  if (value === null || typeof value !== 'object') return;
  if (Object.hasOwn(value, '__proto__')) refuse(`${name}: a member is named __proto__`);
  for (const member of Object.values(value)) refuseProto(member, name);
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
