import type { Requirement } from '@cap/policy';
import { codeFields } from '@cap/policy/codes';
import { identifierFields, type IdScheme, type ListName, type ListRow } from '@cap/lists';

/** The fields to open, by leaf index. */
export type Openings = ReadonlyMap<number, ReadonlySet<string>>;

/**
 * The least that must be opened of a list so that the requirements show:
 * count max: nothing, the leaf hashes do; count min k: the identifiers of k rows; distinct and disjoint: the
 * identifiers of all rows; rows_allowed: the code fields of all rows; disclosed: the fields the rule reads, of all rows.
 */
export function leastOpenings(
  list: ListName,
  scheme: IdScheme,
  rows: readonly ListRow[],
  requirements: readonly Requirement[],
): Openings {
  const openings = new Map<number, Set<string>>();
  const open = (upTo: number, fields: readonly string[]) => {
    for (let index = 0; index < Math.min(upTo, rows.length); index++) {
      const opened = openings.get(index) ?? new Set<string>();
      fields.forEach((field) => opened.add(field));
      openings.set(index, opened);
    }
  };
  for (const { need } of requirements) {
    switch (need.kind) {
      case 'count':
        // Leaves are sorted by salted hash, so the first k are no choice of the prover's and say nothing about the others.
        open(need.distinct || need.among ? rows.length : (need.min ?? 0), identifierFields(list, scheme));
        break;
      case 'disjoint':
        open(rows.length, identifierFields(list, scheme));
        break;
      case 'rows_allowed':
        open(rows.length, codeFields(list));
        break;
      case 'disclosed':
        open(rows.length, need.fields);
        break;
    }
  }
  return openings;
}
