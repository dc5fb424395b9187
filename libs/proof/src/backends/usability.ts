import { CapError } from '@cap/core';
import {
  comparedBy,
  type IdScheme,
  unmatchableEntries,
  type ParsedReferenceList,
  type ReferenceList,
} from '@cap/lists';
import { type CompiledPolicy } from '@cap/policy';
import { listed } from './opened.js';

/**
 * Throws CapError `list.empty` for a list that nothing can be found on: it has no entry, or none that could be compared
 * by names, of firms or of persons. Such a list would clear everybody.
 */
export function refuseMute(list: ParsedReferenceList, name: string): void {
  const { length } = list.entries;
  if (length === 0) throw empty(`${name}: the list has no entry`);
  const unmatchable = unmatchableEntries(list);
  if (unmatchable && unmatchable.name === length && unmatchable.person === length)
    throw empty(
      `${name}: 0 of ${length} entries can be compared: an entry needs a nationality (${comparedBy('name')}) or a ` +
        `birthdate (${comparedBy('person')})`,
    );
}

const empty = (message: string) => new CapError('input', 'list.empty', message);

/** What comes of a rule that compares a list with a reference list: `usable` of its `entries` could match a row. */
export interface ListUse {
  list: string;
  scheme: IdScheme;
  reference_list: string;
  usable: number;
  entries: number;
}

/** Each list and reference list that the policy compares, as far as contents are at hand. */
export function listUses(policy: CompiledPolicy, held: ReadonlyMap<string, ReferenceList>): ListUse[] {
  const uses = new Map<string, ListUse>();
  for (const { list, need } of policy.requirements) {
    if (need.kind !== 'disjoint') continue;
    const { reference_list, scheme } = need;
    const reference = held.get(reference_list);
    if (reference?.kind !== 'sanctions') continue;
    const { usable, entries } = listed(reference, scheme);
    uses.set(JSON.stringify([list, reference_list, scheme]), { list, scheme, reference_list, usable, entries });
  }
  return [...uses.values()];
}

/** `2 of 3 entries of sanctions can be compared with suppliers by name and country` */
export const useWords = ({ list, scheme, reference_list, usable, entries }: ListUse): string =>
  `${usable} of ${entries} entries of ${reference_list} can be compared with ${list} by ${comparedBy(scheme)}`;

/** Throws CapError `list.empty` when a rule compares with a list on which it can find nobody. */
export function refuseMuteUses(uses: readonly ListUse[]): void {
  const mute = uses.filter(({ usable }) => usable === 0);
  if (mute.length > 0) throw empty(mute.map(useWords).join('\n'));
}

const DAY = 86_400_000;

/** A day without a time begins at 00:00 UTC; what is more than a day ahead is no other clock, but a mistake. */
export const isToCome = (asOf: string, now: Date): boolean => Date.parse(asOf) > now.getTime() + DAY;
