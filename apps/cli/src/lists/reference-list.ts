import { Option } from '@commander-js/extra-typings';
import type { Digest } from '@cap/crypto';
import { comparedBy, type IdScheme } from '@cap/lists';
import { parseUsableList, type ReferenceListKind } from '@cap/lists/reference-lists';

export const listKind = (description: string) =>
  new Option('--kind <kind>', description).choices(['sanctions', 'jurisdictions']);

interface ListSummary {
  kind: ReferenceListKind;
  hash: Digest;
  entries: number;
  /** How many entries can't match anything because they lack a field, by identifier scheme. */
  unmatchable?: Record<IdScheme, number>;
}

/** Parses a reference list: every bad row is reported, and a list that nothing can match is refused. */
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
