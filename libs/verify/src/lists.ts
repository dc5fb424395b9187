import { isCapError, newestDay } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { comparedBy, type IdScheme, type NamedReferenceList, ReferenceList, type ReferenceListKind } from '@cap/lists';
import { type CompiledPolicy, coverageText, type ListCoverage } from '@cap/policy';
import { type Bundle, type BundleMeta, type Manifest } from '@cap/proof';
import { type CheckList } from './report/check-list.js';
import { type ListComparison } from './report/report.js';
import { type Clock } from './clock.js';
import { DAY, endOf } from './days.js';
import { type FileHashes } from './files.js';
import { type PublishedList, type VerificationSources } from './inputs.js';
import { type JudgedManifest } from './manifests.js';

/** A reference list that a rule uses. */
interface UsedList {
  id: string;
  kind: ReferenceListKind;
  /** The list whose rows it is compared with. */
  list: string;
  /** By what; null for a list that is not compared but looked up in. */
  scheme: IdScheme | null;
  maxAgeDays: number | null;
  /** Decimal text. */
  unmatchableMax: string;
}

/** The lists at hand for one manifest, by id. */
export type ListsByManifest = ReadonlyMap<JudgedManifest, ReadonlyMap<string, NamedReferenceList>>;

/** A list with its dates as all sources know them; unconfirmed if one of them could not be asked. */
interface DatedList extends PublishedList {
  newest_as_of: string;
  unconfirmed: boolean;
}

/** A list that the verifier holds, and how much of it can be compared. */
interface FoundList {
  list: NamedReferenceList;
  held: DatedList;
  counted: Counted;
}

interface ListJudging {
  bundle: Bundle;
  meta: BundleMeta;
  hashOf: FileHashes;
  policy: CompiledPolicy | null;
  sources: VerificationSources;
  /** Trusted time of the signature. */
  trusted: Date | null;
  clock: Clock;
}

/**
 * lists.known, lists.age. Finds the contents of every reference list that the rules use, of the hash that the manifest
 * names. A list that is not found gives no fact; an old one does.
 */
export async function resolveLists(
  manifests: ReadonlyMap<string, JudgedManifest>,
  judging: ListJudging,
  checks: CheckList,
): Promise<{ held: ListsByManifest; comparisons: ListComparison[] }> {
  const used = judging.policy ? usedLists(judging.policy) : [];
  const byManifest = new Map<JudgedManifest, ReadonlyMap<string, NamedReferenceList>>();
  const comparisons = new Map<string, ListComparison>();
  const held = new Map<string, DatedList>();
  for (const judged of manifests.values()) {
    const lists = new Map<string, NamedReferenceList>();
    for (const list of used) {
      const found = await findList(list, judged.manifest, judging, checks);
      if (!found) continue;
      // By contents: of several manifests each must name the newest list, not only the last one.
      held.set(`${list.id} ${found.list.list.hash}`, found.held);
      const comparison = comparisonOf(list, found);
      if (comparison) comparisons.set(JSON.stringify(comparison), comparison);
      // Judged once for each list of rows, held once.
      if (!lists.has(list.id)) lists.set(list.id, found.list);
    }
    byManifest.set(judged, lists);
  }
  checkAge(used, held, judging, checks);
  return { held: byManifest, comparisons: [...comparisons.values()] };
}

/** What the report says of a list that rows are compared with. */
function comparisonOf(
  { id, list, scheme }: UsedList,
  { list: { as_of, list: contents }, counted: { usable, entries } }: FoundList,
): ListComparison | null {
  const { hash } = contents;
  return scheme && { list, scheme, compared_by: comparedBy(scheme), reference: { id, hash, as_of, usable, entries } };
}

function usedLists({ requirements }: CompiledPolicy): UsedList[] {
  return requirements.flatMap(({ list, need }): UsedList[] => {
    if (need.kind === 'disjoint')
      return [
        {
          id: need.reference_list,
          kind: 'sanctions',
          list,
          scheme: need.scheme,
          maxAgeDays: need.max_age_days ?? null,
          unmatchableMax: need.unmatchable_max ?? '0',
        },
      ];
    // A table of explicit countries needs no list.
    if (need.kind === 'rows_allowed' && 'exclude_risk' in need.table)
      return [
        {
          id: 'jurisdictions',
          kind: 'jurisdictions',
          list,
          scheme: null,
          maxAgeDays: need.max_age_days ?? null,
          unmatchableMax: '0',
        },
      ];
    return [];
  });
}

async function findList(
  used: UsedList,
  manifest: Manifest,
  judging: ListJudging,
  checks: CheckList,
): Promise<FoundList | null> {
  const named = manifest.reference_lists.find(({ id }) => id === used.id);
  if (!named) {
    checks.fail('lists.known', { expected: `${used.id} named by the manifest`, actual: 'not named' });
    return null;
  }
  const expected = `${used.id} ${named.hash}`;
  const held = await heldList(named.hash, judging);
  if (!held) {
    checks.fail('lists.known', { expected, actual: 'not held' });
    return null;
  }
  // The verifier holds this list as another one: vouching for a watch list is not vouching for it as sanctions.
  if (held.id !== used.id) {
    checks.fail('lists.known', { expected, actual: `held as ${held.id}` });
    return null;
  }
  const counted = countEntries(used, held.list);
  if (typeof counted === 'string') {
    checks.fail('lists.known', { expected, actual: `not a readable list: ${counted}` });
    return null;
  }
  const actual = used.scheme
    ? coverageText({ ...counted, list: used.list, scheme: used.scheme, reference_list: used.id })
    : `${counted.entries} entries of ${used.id}`;
  if (counted.usable === 0) checks.fail('lists.known', { expected, actual });
  else if (exceeds(counted, used.unmatchableMax) || held.withdrawn_at) {
    const withdrawn = held.withdrawn_at ? `; withdrawn on ${held.withdrawn_at.slice(0, 10)}` : '';
    checks.warn('lists.known', { expected, actual: actual + withdrawn });
  } else checks.ok('lists.known', { expected, actual: expected });
  return {
    list: { id: used.id, kind: used.kind, as_of: held.as_of, list: held.list },
    held,
    counted,
  };
}

/** The list with its dates as all sources together know them: the newest of its id counts, whoever holds that one. */
async function heldList(hash: Digest, judging: ListJudging): Promise<DatedList | null> {
  const { sources } = judging;
  const held = (await sources.referenceList?.(hash)) ?? enclosedList(hash, judging);
  if (!held) return null;
  const { id } = held;
  const trusted = sources.trust?.referenceList(hash);
  // The same contents, published again on a later day, are right as of that day.
  const as_of = newestDay([held.as_of, ...(trusted?.id === id ? [trusted.as_of] : [])])!;
  const ofSource = sources.newestList ? await sources.newestList(id) : null;
  const elsewhere = [ofSource, sources.trust?.newestList(id)];
  const newest_as_of = newestDay([
    as_of,
    ...[held.newest_as_of, ...elsewhere].filter((day) => typeof day === 'string'),
  ])!;
  // Whoever withdrew it, whatever the time that is judged at: what is known to be wrong was wrong before too.
  const withdrawn_at = held.withdrawn_at ?? trusted?.withdrawn_at ?? null;
  return { ...held, as_of, newest_as_of, withdrawn_at, unconfirmed: ofSource === undefined };
}

/** Offline: the bundle's reference/*.csv, if trust.json vouches for its hash. */
function enclosedList(hash: Digest, { bundle, meta, hashOf, sources }: ListJudging): PublishedList | null {
  const trusted = sources.trust?.referenceList(hash);
  if (!trusted) return null;
  for (const [name, { role }] of Object.entries(meta.files)) {
    const bytes = bundle.files.get(name);
    if (role === 'reference' && bytes && hashOf(name) === hash) return { ...trusted, list: new ReferenceList(bytes) };
  }
  return null;
}

type Counted = Pick<ListCoverage, 'entries' | 'usable'>;

/** Is a larger part of the list impossible to compare than the policy allows? */
function exceeds({ entries, usable }: Counted, allowed: string): boolean {
  const [whole, digits = ''] = allowed.split('.');
  return BigInt(entries - usable) * 10n ** BigInt(digits.length) > BigInt(whole! + digits) * BigInt(entries);
}

/** How many entries the list has, and how many of them have what the scheme needs; or, as text, why the bytes are no such list. */
function countEntries({ kind, scheme }: UsedList, list: ReferenceList): Counted | string {
  try {
    if (kind === 'sanctions' && scheme) return list.sanctions().identifiers(scheme);
    const { length } = list.as(kind).entries;
    return { entries: length, usable: length };
  } catch (error) {
    if (!isCapError(error)) throw error;
    return error.message;
  }
}

function checkAge(
  used: readonly UsedList[],
  held: ReadonlyMap<string, DatedList>,
  { clock, trusted }: ListJudging,
  checks: CheckList,
): void {
  if (held.size === 0) return;
  let stale = false;
  const expected: string[] = [];
  const actual: string[] = [];
  for (const { id, as_of, newest_as_of, unconfirmed } of held.values()) {
    const limits = used.flatMap((list) => (list.id === id && list.maxAgeDays !== null ? [list.maxAgeDays] : []));
    const newest = Date.parse(newest_as_of) <= Date.parse(as_of);
    if (!newest || unconfirmed) stale = true;
    for (const days of limits) if (clock.isAfter(new Date(endOf(as_of) + days * DAY), trusted)) stale = true;
    expected.push(`${id}: the newest known${limits.length > 0 ? `, at most ${Math.min(...limits)} days old` : ''}`);
    const newer = newest ? '' : `, the newest is of ${newest_as_of}`;
    actual.push(`${id}: as of ${as_of}${newer}${unconfirmed ? ', the registry does not answer' : ''}`);
  }
  // The same particulars whatever the time: the clock decides nothing but the status.
  checks.record('lists.age', stale ? 'warn' : 'ok', { expected: expected.join('; '), actual: actual.join('; ') });
}
