import { CapError, jcs, type JsonValue } from '@cap/core';
import { MAX_POLICY_BYTES, MAX_POLICY_MEMBERS } from './bounds.js';

/**
 * Refuses what would be hashed or read as something else than was written: lone surrogates, numbers without one spelling,
 * nesting without end, members named `__proto__`; and what is larger than a policy may be, whatever form it came in. Throws
 * CapError `policy.invalid` that starts with `name`.
 */
export function requirePlainJson(value: JsonValue, name: string): void {
  const refuse = (why: string, cause?: unknown): never => {
    throw new CapError('policy.invalid', `${name}: ${why}`, { cause });
  };
  let bytes = 0;
  try {
    refuseMany(value, MAX_POLICY_MEMBERS);
    bytes = jcs(value).length;
  } catch (cause) {
    refuse((cause as Error).message, cause);
  }
  if (bytes > MAX_POLICY_BYTES) refuse(`${bytes} bytes of canonical JSON, at most ${MAX_POLICY_BYTES} are read`);
}

/** Looks at no more values than are allowed. */
function refuseMany(value: JsonValue, maxMembers: number): void {
  let seen = 0;
  const waiting = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === null || typeof next !== 'object') continue;
    if (Object.hasOwn(next, '__proto__')) throw new Error('a member is named __proto__');
    const parts = Object.values(next);
    seen += parts.length;
    if (seen > maxMembers) throw new Error(`more than ${maxMembers} members`);
    for (const part of parts) if (part !== undefined) waiting.push(part);
  }
}
