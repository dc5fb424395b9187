import { type Digest } from '@cap/crypto';
import { comparedBy, type IdScheme, parseReferenceList, unmatchableEntries, type ReferenceListKind } from '@cap/lists';
import { refuseMute } from '@cap/proof';

export interface ListSummary {
  kind: ReferenceListKind;
  hash: Digest;
  entries: number;
  /** Entries that can't match anything, by identifier scheme, since they lack a field that it needs. */
  unmatchable?: NonNullable<ReturnType<typeof unmatchableEntries>>;
}

/** Reads a reference list to the end: every bad row is reported, and a list that nothing can be found on refused. */
export function summarise(kind: ReferenceListKind, bytes: Uint8Array, file: string): ListSummary {
  const list = parseReferenceList(kind, bytes, file);
  refuseMute(list, file);
  const { hash, entries } = list;
  const unmatchable = unmatchableEntries(list);
  return { kind, hash, entries: entries.length, ...(unmatchable && { unmatchable }) };
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
