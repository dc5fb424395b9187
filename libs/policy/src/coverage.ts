import { comparedBy, type IdScheme } from '@cap/lists';
import { listEmpty, type NamedReferenceList } from '@cap/lists/reference-lists';
import type { CompiledPolicy } from './compile.js';

/** How much of a reference list a rule can compare with a list: `usable` of its `entries` could match a row. */
export interface ListCoverage {
  list: string;
  scheme: IdScheme;
  reference_list: string;
  usable: number;
  entries: number;
}

/** Each list and reference list that the policy compares, as far as their contents are available. */
export function listCoverage(
  policy: CompiledPolicy,
  referenceLists: ReadonlyMap<string, NamedReferenceList>,
): ListCoverage[] {
  const coverage = new Map<string, ListCoverage>();
  for (const { list, need } of policy.requirements) {
    if (need.kind !== 'disjoint') continue;
    const { reference_list, scheme } = need;
    const reference = referenceLists.get(reference_list);
    if (reference?.kind !== 'sanctions') continue;
    const { usable, entries } = reference.list.sanctions().identifiers(scheme);
    coverage.set(JSON.stringify([list, reference_list, scheme]), { list, scheme, reference_list, usable, entries });
  }
  return [...coverage.values()];
}

/** `2 of 3 entries of sanctions can be compared with suppliers by name and country` */
export const coverageText = ({ list, scheme, reference_list, usable, entries }: ListCoverage): string =>
  `${usable} of ${entries} entries of ${reference_list} can be compared with ${list} by ${comparedBy(scheme)}`;

/** Throws CapError `list.empty` when a rule compares with a list of which no entry can match. */
export function assertCoverage(coverage: readonly ListCoverage[]): void {
  const none = coverage.filter(({ usable }) => usable === 0);
  if (none.length > 0) throw listEmpty(none.map(coverageText).join('\n'));
}
