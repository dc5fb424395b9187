import { type Digest } from '@cap/crypto';
import { comparedBy, type IdScheme, parseUsableList, type ReferenceListKind } from '@cap/lists';

export interface ListSummary {
  kind: ReferenceListKind;
  hash: Digest;
  entries: number;
  /** Entries that can't match anything, by identifier scheme, since they lack a field that it needs. */
  unmatchable?: Record<IdScheme, number>;
}

/** Reads a reference list to the end: every bad row is reported, and a list that nothing can be found on refused. */
export function summarise(kind: ReferenceListKind, bytes: Uint8Array, file: string): ListSummary {
  const { list, parsed } = parseUsableList(kind, bytes, file);
  const { entries, unmatchable } = parsed;
  return { kind, hash: list.hash, entries: entries.length, ...(unmatchable && { unmatchable }) };
}

export function unmatchableWords({ entries, unmatchable }: ListSummary): string {
  return Object.entries(unmatchable ?? {})
    .filter(([, count]) => count > 0)
    .map(
      ([scheme, count]) =>
        `${entries - count} of ${entries} entries can be compared by ${comparedBy(scheme as IdScheme)} (${scheme}); the others lack a field.\n`,
    )
    .join('');
}
