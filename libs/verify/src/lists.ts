import { isCapError, newestDay } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { comparedBy, type IdScheme } from '@cap/lists';
import { type NamedReferenceList, ReferenceList, type ReferenceListKind } from '@cap/lists/reference-lists';
import { type CompiledPolicy, coverageText, type ListCoverage } from '@cap/policy';
import type { Bundle, BundleMeta } from '@cap/proof/bundle';
import type { Manifest } from '@cap/proof/manifest';
import { type CheckResult, fail, finding, type Finding, ok, warn } from './report/findings.js';
import type { ListComparison } from './report/report.js';
import type { Clock } from './clock.js';
import { DAY, endOf } from './days.js';
import type { FileHashes } from './files.js';
import type { PublishedList, VerificationSources } from './inputs.js';
import type { CheckedManifest, CheckedManifests } from './manifests.js';

/** A reference list that a rule uses. */
interface UsedList {
  id: string;
  kind: ReferenceListKind;
  /** The list whose rows it is compared with. */
  list: string;
  /** Scheme of the comparison; null for a list that is not compared but looked up in. */
  scheme: IdScheme | null;
  maxAgeDays: number | null;
  /** Decimal text. */
  unmatchableMax: string;
}

/** The available lists of each manifest, by id. */
export type ListsByManifest = ReadonlyMap<CheckedManifest, ReadonlyMap<string, NamedReferenceList>>;

/** A list with its dates as all sources know them; unconfirmed if one of them could not be asked. */
interface DatedList extends PublishedList {
  newest_as_of: string;
  unconfirmed: boolean;
}

/** A list that a source has, and how much of it can be compared. */
interface FoundList {
  list: NamedReferenceList;
  dated: DatedList;
  counted: EntryCounts;
}

interface ListInputs {
  bundle: Bundle;
  meta: BundleMeta;
  hashOf: FileHashes;
  policy: CompiledPolicy | null;
  sources: VerificationSources;
  /** Trusted time of the signature. */
  trusted: Date | null;
  clock: Clock;
}

/** What was found of the reference lists that the rules use. */
interface ResolvedLists {
  lists: ListsByManifest;
  comparisons: ListComparison[];
  /** Ids of the lists that no source has. */
  missing: string[];
}

/**
 * lists.known, lists.age. Finds the contents of every reference list that the rules use, of the hash that the manifest
 * names. A list that is not found gives no fact; an old one does.
 */
export async function resolveLists(
  manifests: CheckedManifests,
  inputs: ListInputs,
): Promise<CheckResult<ResolvedLists>> {
  const used = inputs.policy ? usedLists(inputs.policy) : [];
  const byManifest = new Map<CheckedManifest, ReadonlyMap<string, NamedReferenceList>>();
  const comparisons = new Map<string, ListComparison>();
  const dated = new Map<string, DatedList>();
  const missing = new Set<string>();
  const findings: Finding[] = [];
  for (const checked of manifests.values()) {
    const lists = new Map<string, NamedReferenceList>();
    for (const list of used) {
      const { value: found, findings: known } = await findList(list, checked.manifest, inputs);
      findings.push(...known);
      if (found === 'missing') missing.add(list.id);
      if (!found || found === 'missing') continue;
      // By contents: of several manifests each must name the newest list, not only the last one.
      dated.set(`${list.id} ${found.list.list.hash}`, found.dated);
      const comparison = comparisonOf(list, found);
      if (comparison) comparisons.set(JSON.stringify(comparison), comparison);
      // Checked once per company list, stored once.
      if (!lists.has(list.id)) lists.set(list.id, found.list);
    }
    byManifest.set(checked, lists);
  }
  return {
    value: { lists: byManifest, comparisons: [...comparisons.values()], missing: [...missing] },
    findings: [...findings, ...checkAge(used, dated, inputs)],
  };
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

/** Null: the list can't be used; missing: no source has it. */
async function findList(
  used: UsedList,
  manifest: Manifest,
  inputs: ListInputs,
): Promise<CheckResult<FoundList | 'missing' | null>> {
  const named = manifest.reference_lists.find(({ id }) => id === used.id);
  if (!named)
    return unusable(fail('lists.known', { expected: `${used.id} named by the manifest`, actual: 'not named' }));
  const expected = `${used.id} ${named.hash}`;
  const dated = await datedList(named.hash, inputs);
  if (!dated)
    return { value: 'missing', findings: [fail('lists.known', { expected, actual: 'the verifier does not have it' })] };
  // The verifier knows this list under another id: vouching for a watch list is not vouching for it as sanctions.
  if (dated.id !== used.id) return unusable(fail('lists.known', { expected, actual: `known here as ${dated.id}` }));
  const counted = countEntries(used, dated.list);
  if (typeof counted === 'string')
    return unusable(fail('lists.known', { expected, actual: `not a readable list: ${counted}` }));
  const list = { id: used.id, kind: used.kind, as_of: dated.as_of, list: dated.list };
  return { value: { list, dated, counted }, findings: [knownFinding(used, expected, counted, dated)] };
}

const unusable = (found: Finding): CheckResult<null> => ({ value: null, findings: [found] });

function knownFinding(used: UsedList, expected: string, counted: EntryCounts, { withdrawn_at }: DatedList): Finding {
  const actual = used.scheme
    ? coverageText({ ...counted, list: used.list, scheme: used.scheme, reference_list: used.id })
    : `${counted.entries} entries of ${used.id}`;
  if (counted.usable === 0) return fail('lists.known', { expected, actual });
  if (!exceeds(counted, used.unmatchableMax) && !withdrawn_at) return ok('lists.known', { expected, actual: expected });
  const withdrawn = withdrawn_at ? `; withdrawn on ${withdrawn_at.slice(0, 10)}` : '';
  return warn('lists.known', { expected, actual: actual + withdrawn });
}

/** The list with its dates according to all sources together: the newest list with its id counts, whichever source has it. */
async function datedList(hash: Digest, inputs: ListInputs): Promise<DatedList | null> {
  const { sources } = inputs;
  const published = (await sources.referenceList?.(hash)) ?? enclosedList(hash, inputs);
  if (!published) return null;
  const { id } = published;
  const trusted = sources.trust?.referenceList(hash);
  // The same contents, published again on a later day, are right as of that day.
  const as_of = newestDay([published.as_of, ...(trusted?.id === id ? [trusted.as_of] : [])])!;
  const ofSource = sources.newestList ? await sources.newestList(id) : null;
  const elsewhere = [ofSource, sources.trust?.newestList(id)];
  const newest_as_of = newestDay([
    as_of,
    ...[published.newest_as_of, ...elsewhere].filter((day) => typeof day === 'string'),
  ])!;
  // A withdrawal applies retroactively, whoever declared it and whatever the time of the verification.
  const withdrawn_at = published.withdrawn_at ?? trusted?.withdrawn_at ?? null;
  return { ...published, as_of, newest_as_of, withdrawn_at, unconfirmed: ofSource === undefined };
}

/** Offline: the bundle's reference/*.csv, if trust.json vouches for its hash. */
function enclosedList(hash: Digest, { bundle, meta, hashOf, sources }: ListInputs): PublishedList | null {
  const trusted = sources.trust?.referenceList(hash);
  if (!trusted) return null;
  for (const [name, { role }] of Object.entries(meta.files)) {
    const bytes = bundle.files.get(name);
    if (role === 'reference' && bytes && hashOf(name) === hash) return { ...trusted, list: new ReferenceList(bytes) };
  }
  return null;
}

type EntryCounts = Pick<ListCoverage, 'entries' | 'usable'>;

/** Is a larger part of the list impossible to compare than the policy allows? */
function exceeds({ entries, usable }: EntryCounts, allowed: string): boolean {
  const [whole, digits = ''] = allowed.split('.');
  return BigInt(entries - usable) * 10n ** BigInt(digits.length) > BigInt(whole! + digits) * BigInt(entries);
}

/** How many entries the list has, and how many of them have what the scheme needs; or, as text, why the bytes are not a valid list. */
function countEntries({ kind, scheme }: UsedList, list: ReferenceList): EntryCounts | string {
  try {
    if (kind === 'sanctions' && scheme) return list.sanctions().identifiers(scheme);
    const { length } = list.as(kind).entries;
    return { entries: length, usable: length };
  } catch (error) {
    if (!isCapError(error)) throw error;
    return error.message;
  }
}

/** lists.age */
function checkAge(
  used: readonly UsedList[],
  lists: ReadonlyMap<string, DatedList>,
  { clock, trusted }: ListInputs,
): Finding[] {
  if (lists.size === 0) return [];
  let stale = false;
  const expected: string[] = [];
  const actual: string[] = [];
  for (const { id, as_of, newest_as_of, unconfirmed } of lists.values()) {
    const limits = used.flatMap((list) => (list.id === id && list.maxAgeDays !== null ? [list.maxAgeDays] : []));
    const newest = Date.parse(newest_as_of) <= Date.parse(as_of);
    if (!newest || unconfirmed) stale = true;
    for (const days of limits) if (clock.isAfter(new Date(endOf(as_of) + days * DAY), trusted)) stale = true;
    expected.push(`${id}: the newest known${limits.length > 0 ? `, at most ${Math.min(...limits)} days old` : ''}`);
    const newer = newest ? '' : `, the newest is of ${newest_as_of}`;
    actual.push(`${id}: as of ${as_of}${newer}${unconfirmed ? ', the registry does not answer' : ''}`);
  }
  // `expected` and `actual` must not depend on the clock; only the status may.
  return [finding('lists.age', stale ? 'warn' : 'ok', { expected: expected.join('; '), actual: actual.join('; ') })];
}
