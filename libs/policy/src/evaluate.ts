import { jcsText, type Digest, type JsonObject } from '@cap/crypto';
import { codeOf, type Coded, type TableSpec } from './codes.js';
import { type CompiledPolicy } from './compile.js';
import { countryNumber } from './countries.js';
import { type DisclosedRow, type Fact, type FactStrength, type IdScheme, type RuleResult } from './facts.js';
import { identifier } from './identifier.js';
import { type Requirement } from './requirement.js';

/** What the verifier itself holds: facts about lists and tables count only under these hashes. */
export interface EvaluationContext {
  /** The manifest's reference lists, by id. */
  lists: ReadonlyMap<string, { hash: Digest; as_of: string }>;
  /** The table of a spec as the verifier computes it; null when it lacks the list for it. */
  allowedCodes(spec: TableSpec, list: string): { codes: ReadonlySet<number>; table_hash: Digest } | null;
  /** The identifiers on a reference list; null when its contents are not at hand. */
  listedIdentifiers(referenceList: string, scheme: IdScheme): ReadonlySet<string> | null;
}

/** holds: the facts imply the rule. broken: they contradict it. Otherwise they leave it open. */
type Settled = { state: 'holds' | 'broken'; fact: JsonObject } | { state: 'open' };
const OPEN: Settled = { state: 'open' };

/** Evaluates every rule over the facts; a rule that no fact settles is unproven. */
export function evaluateRules(
  policy: CompiledPolicy,
  facts: readonly Fact[],
  strength: FactStrength,
  context: EvaluationContext,
): RuleResult[] {
  return policy.rules.map(({ rule_id, requirement }) => {
    const settled = requirement ? settle(requirement, facts, context) : OPEN;
    if (settled.state === 'open') return { rule_id, status: 'unproven', fact: null };
    return { rule_id, status: settled.state === 'holds' ? strength : 'violated', fact: settled.fact };
  });
}

/** Rules by the prover's word: claimed, violated where it says so itself, unproven where it says nothing. */
export function evaluateClaims(
  policy: CompiledPolicy,
  claims: readonly { rule_id: string; ok: boolean }[],
): RuleResult[] {
  return policy.rules.map(({ rule_id }) => {
    const own = claims.filter((claim) => claim.rule_id === rule_id);
    if (own.length === 0) return { rule_id, status: 'unproven', fact: null };
    const ok = own.every((claim) => claim.ok);
    return { rule_id, status: ok ? 'claimed' : 'violated', fact: { kind: 'claim', ok } };
  });
}

type Need<K> = Extract<Requirement['need'], { kind: K }>;

function settle({ list, need }: Requirement, facts: readonly Fact[], context: EvaluationContext): Settled {
  const own = facts.filter((fact) => fact.list === list);
  switch (need.kind) {
    case 'count':
      return settleCount(list, need, own);
    case 'disjoint':
      return settleDisjoint(list, need, own, context);
    case 'rows_allowed':
      return settleAllowed(list, need, own, context);
    case 'disclosed':
      return settleShare(list, need, own);
  }
}

const ofKind = <K extends Fact['kind']>(facts: readonly Fact[], kind: K) =>
  facts.filter((fact): fact is Extract<Fact, { kind: K }> => fact.kind === kind);

/** All count facts of a list together: the smallest interval they leave. */
function bounds(facts: readonly Fact[]): { min: number; max: number } {
  const counts = ofKind(facts, 'count');
  return {
    min: Math.max(0, ...counts.map(({ min }) => min ?? 0)),
    max: Math.min(Infinity, ...counts.map(({ max }) => max ?? Infinity)),
  };
}

function settleCount(list: string, need: Need<'count'>, facts: readonly Fact[]): Settled {
  const { min, max } = bounds(facts);
  const [low, high] = [need.min ?? 0, need.max ?? Infinity];
  const distinct = ofKind(facts, 'distinct').length > 0;
  const fact: JsonObject = {
    kind: 'count',
    list,
    ...(min > 0 || max === 0 ? { min } : {}),
    ...(max < Infinity ? { max } : {}),
    ...(need.distinct ? { distinct } : {}),
  };
  if (min > max) return { state: 'broken', fact };
  const among = need.among && new Set(need.among);
  if (max < low || min > high || (among && max < Infinity && noneOf(among, min, max))) return { state: 'broken', fact };
  const implied = min >= low && max <= high && (!among || allOf(among, min, max));
  return implied && (!need.distinct || distinct) ? { state: 'holds', fact } : OPEN;
}

/** Members of `among` in [min, max], counted without walking the interval. */
const within = (among: ReadonlySet<number>, min: number, max: number) =>
  [...among].filter((value) => value >= min && value <= max).length;
const noneOf = (among: ReadonlySet<number>, min: number, max: number) => within(among, min, max) === 0;
const allOf = (among: ReadonlySet<number>, min: number, max: number) => within(among, min, max) === max - min + 1;

function settleDisjoint(
  list: string,
  need: Need<'disjoint'>,
  facts: readonly Fact[],
  context: EvaluationContext,
): Settled {
  const named = context.lists.get(need.reference_list);
  if (!named) return OPEN;
  const about = { list, reference_list: need.reference_list, hash: named.hash };
  for (const { rows, id_scheme } of ofKind(facts, 'disclosed')) {
    const scheme = need.scheme ?? id_scheme;
    const listed = scheme && context.listedIdentifiers(need.reference_list, scheme);
    if (listed && rows.some(({ fields }) => listed.has(identifier(fields as object, scheme) ?? '')))
      return { state: 'broken', fact: { kind: 'listed', ...about, id_scheme: scheme } };
  }
  const fact = ofKind(facts, 'disjoint').find(
    ({ hash, reference_list, id_scheme }) =>
      hash === named.hash &&
      reference_list === need.reference_list &&
      (need.scheme === undefined || need.scheme === id_scheme),
  );
  return fact ? { state: 'holds', fact: { kind: 'disjoint', ...about, id_scheme: fact.id_scheme } } : OPEN;
}

function settleAllowed(
  list: string,
  need: Need<'rows_allowed'>,
  facts: readonly Fact[],
  context: EvaluationContext,
): Settled {
  const table = context.allowedCodes(need.table, list);
  if (!table) return OPEN;
  const fact = { list, table_hash: table.table_hash };
  const forbidden = ofKind(facts, 'disclosed').some(({ rows }) => rows.some((row) => neverAllowed(row, table.codes)));
  if (forbidden) return { state: 'broken', fact: { kind: 'row_not_allowed', ...fact } };
  return ofKind(facts, 'rows_allowed').some(({ table_hash }) => table_hash === table.table_hash)
    ? { state: 'holds', fact: { kind: 'rows_allowed', ...fact } }
    : OPEN;
}

/** True if the row's code is outside the table whatever its unopened fields hold. */
function neverAllowed({ fields }: DisclosedRow, codes: ReadonlySet<number>): boolean {
  const country = 'jurisdiction' in fields ? fields.jurisdiction : fields.citizenship;
  if (country === undefined) return false;
  if (typeof country !== 'string' || countryNumber(country) === undefined) return true; // no table has what is none
  const tiers = 'tier' in fields || 'citizenship' in fields ? [{}] : [{ tier: 1 }, { tier: 2 }];
  const care =
    'due_diligence' in fields || 'citizenship' in fields ? [{}] : [{ due_diligence: false }, { due_diligence: true }];
  return tiers.every((tier) =>
    care.every((diligence) => !codes.has(codeOf({ ...(fields as Coded), ...tier, ...diligence }))),
  );
}

/**
 * A share of all rows of the list: rows that were not opened count against it, so showing only the good ones proves
 * nothing. Broken when even all unopened rows could not lift it.
 */
function settleShare(list: string, need: Need<'disclosed'>, facts: readonly Fact[]): Settled {
  const { max: total } = bounds(facts);
  if (total === Infinity) return OPEN;
  const rows = new Map(ofKind(facts, 'disclosed').flatMap((fact) => fact.rows.map((row) => [row.index, row] as const)));
  const { field } = need.where;
  const wanted = new Set((need.where.in ?? [need.where.eq!]).map((value) => jcsText(value)));
  let matching = 0;
  let failing = 0;
  for (const { fields } of rows.values())
    if (field in fields) {
      if (wanted.has(jcsText(fields[field]))) matching++;
      else failing++;
    }
  const [numerator, denominator] = decimal(need.fraction);
  const reaches = (count: number) => BigInt(count) * denominator >= numerator * BigInt(total);
  const fact: JsonObject = { kind: 'disclosed', list, field, matching, total };
  if (reaches(matching)) return { state: 'holds', fact };
  // An opened row without the field may just not show it.
  return reaches(total - failing) ? OPEN : { state: 'broken', fact };
}

function decimal(text: string): [bigint, bigint] {
  const [whole, digits = ''] = text.split('.');
  return [BigInt(whole! + digits), 10n ** BigInt(digits.length)];
}
