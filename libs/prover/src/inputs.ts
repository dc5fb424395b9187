import { CapError, isDate, isInstant } from '@cap/core';
import { invisibleCharacter } from '@cap/lists';
import { isFutureDay, type NamedReferenceList, parseUsableList, referenceListKind } from '@cap/lists/reference-lists';
import { type CompiledPolicy, lintErrors } from '@cap/policy';
import type { Statement } from '@cap/proof';

// What a manifest and a proof require of the policy, the reference lists and the statement that they are made of.

export interface ReferenceListInput {
  id: string;
  bytes: Uint8Array;
  /** The file that they were read from, for messages. */
  file?: string;
  /** YYYY-MM-DD or RFC 3339 UTC. */
  asOf: string;
}

const REFERENCE_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function assertNoLintErrors({ lints }: CompiledPolicy): void {
  const errors = lintErrors(lints);
  if (errors.length > 0)
    throw new CapError('policy.invalid', errors.map(({ code, message }) => `${code}: ${message}`).join('\n'), {
      details: errors,
    });
}

export function readReferenceList({ id, bytes, file, asOf }: ReferenceListInput, now: string): NamedReferenceList {
  if (!REFERENCE_ID.test(id))
    throw new CapError('list.options', `invalid id for a reference list: ${JSON.stringify(id)}`);
  if (!isDate(asOf) && !isInstant(asOf))
    throw new CapError('list.options', `${id}: its date must be YYYY-MM-DD or RFC 3339 UTC, not ${asOf}`);
  if (isFutureDay(asOf, new Date(now)))
    throw new CapError('option.day', `${id}: ${asOf} is in the future; now is ${now}`);
  const kind = referenceListKind(id);
  const { list } = parseUsableList(kind, bytes, file ?? `${id}.csv`);
  return { id, kind, as_of: asOf, list };
}

export function assertStatement({ audience, nonce, issued_at, expires_at }: Statement): void {
  const refuse = (why: string): never => {
    throw new CapError('statement.malformed', `statement: ${why}`);
  };
  // An empty text and an absent one have the same digest, so only one of them may be said.
  if (audience === '' || nonce === '') refuse('audience and nonce must not be empty; omit the option instead');
  for (const [name, text] of Object.entries({ audience, nonce })) {
    const invisible = invisibleCharacter(text ?? '');
    if (invisible !== null) refuse(`${name} holds the invisible or unassigned character ${invisible}`);
  }
  for (const [name, time] of Object.entries({ issued_at, expires_at }))
    if (time !== undefined && !isInstant(time)) refuse(`${name} must be RFC 3339 UTC with Z, not ${time}`);
  if (expires_at !== undefined && Date.parse(expires_at) <= Date.parse(issued_at))
    refuse('expires_at must be after issued_at');
}
