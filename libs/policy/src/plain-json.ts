import { CapError, jcs, type JsonValue } from '@cap/crypto';

/**
 * Refuses what would be hashed or read as something else than was written: lone surrogates, numbers without one spelling,
 * nesting without end, members named `__proto__`. Throws CapError `policy.invalid` that starts with `name`.
 */
export function requirePlainJson(value: JsonValue, name: string): void {
  try {
    jcs(value);
  } catch (cause) {
    throw new CapError('input', 'policy.invalid', `${name}: ${(cause as Error).message}`, { cause });
  }
  refuseProto(value, name);
}

function refuseProto(value: JsonValue, name: string): void {
  if (value === null || typeof value !== 'object') return;
  if (Object.hasOwn(value, '__proto__'))
    throw new CapError('input', 'policy.invalid', `${name}: a member is named __proto__`);
  for (const member of Object.values(value)) refuseProto(member, name);
}
