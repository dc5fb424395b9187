import { type Digest } from '@cap/crypto';
import { parseReferenceList, unmatchableEntries, type ReferenceListKind } from '@cap/proof';

export interface ListSummary {
  kind: ReferenceListKind;
  hash: Digest;
  entries: number;
  /** Entries that can't match anything, by identifier scheme, since they lack a field that it needs. */
  unmatchable?: NonNullable<ReturnType<typeof unmatchableEntries>>;
}

/** Reads a reference list to the end: every bad row is reported. */
export function summarise(kind: ReferenceListKind, bytes: Uint8Array, file: string): ListSummary {
  const list = parseReferenceList(kind, bytes, file);
  const { hash, entries } = list;
  const unmatchable = unmatchableEntries(list);
  return { kind, hash, entries: entries.length, ...(unmatchable && { unmatchable }) };
}

export function unmatchableWords({ unmatchable }: ListSummary): string {
  return Object.entries(unmatchable ?? {})
    .filter(([, count]) => count > 0)
    .map(
      ([scheme, count]) =>
        `${count} entries can't match anything under the identifier scheme ${scheme}: they lack a field it needs.\n`,
    )
    .join('');
}
