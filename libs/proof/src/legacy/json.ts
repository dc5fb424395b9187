import { jcs, parseJson, type JsonValue } from '@cap/crypto';
import { refuseDuplicateMembers } from '@cap/policy';
import { boundedJson } from '../verify/files.js';

/**
 * Parses JSON of the older program, which had no canonical form: it must at least have one reading, so no member stands
 * in it twice, and a spelling, so no NaN, lone surrogate or bottomless nesting. Throws CapError `input` that names the file.
 */
export function parseUnambiguousJson(bytes: Buffer, name: string): JsonValue {
  const value = parseJson(boundedJson(bytes, name), name);
  jcs(value);
  refuseDuplicateMembers(bytes.toString('utf8'), name);
  return value;
}
