import { jcsText, type JsonObject } from '@cap/core';
import { comparedBy } from '@cap/lists';
import type { CompiledPolicy } from './compile.js';
import type { EvaluationContext, Fact, FactStrength, RuleResult } from './facts.js';
import { KnownFacts, type ListFacts } from './known-facts.js';
import type { Requirement } from './requirement.js';

type Message = NonNullable<RuleResult['message']>;

/** holds: the facts imply the rule. broken: they contradict it. Otherwise they leave it open. */
type Outcome = { state: 'holds' | 'broken'; fact: JsonObject } | { state: 'open'; message?: Message };
const OPEN: Outcome = { state: 'open' };

const unproven = (rule_id: string, message?: Message): RuleResult => ({
  rule_id,
  status: 'unproven',
  fact: null,
  ...(message && { message }),
});

/** Evaluates every rule over the facts; a rule that no fact decides is unproven. */
export function evaluateRules(
  policy: CompiledPolicy,
  facts: readonly Fact[],
  strength: FactStrength,
  context: EvaluationContext,
): RuleResult[] {
  const known = new KnownFacts(facts);
  return policy.rules.map(({ rule_id, requirement }) => {
    const outcome = requirement ? evaluate(requirement, known.of(requirement.list), context) : OPEN;
    if (outcome.state === 'open') return unproven(rule_id, outcome.message);
    return { rule_id, status: outcome.state === 'holds' ? strength : 'violated', fact: outcome.fact };
  });
}

/**
 * Rules by the prover's word: claimed, violated where it says so itself, unproven where it says nothing or what nobody
 * could know from this commitment and this reference list.
 */
export function evaluateClaims(
  policy: CompiledPolicy,
  claims: readonly { rule_id: string; ok: boolean }[],
  context: Pick<EvaluationContext, 'idSchemes' | 'listedIdentifiers'>,
): RuleResult[] {
  const claimed = new Map<string, boolean>();
  for (const { rule_id, ok } of claims) claimed.set(rule_id, ok && (claimed.get(rule_id) ?? true));
  return policy.rules.map(({ rule_id, requirement }) => {
    const ok = claimed.get(rule_id);
    if (ok === undefined) return unproven(rule_id);
    const obstacle = requirement && ok ? obstacleTo(requirement, context) : undefined;
    if (obstacle) return unproven(rule_id, obstacle);
    return { rule_id, status: ok ? 'claimed' : 'violated', fact: { kind: 'claim', ok } };
  });
}

/** Why a rule that compares can't be decided by this commitment or this reference list, whatever else is shown. */
function obstacleTo(
  { list, need }: Pick<Requirement, 'list' | 'need'>,
  { idSchemes, listedIdentifiers }: Pick<EvaluationContext, 'idSchemes' | 'listedIdentifiers'>,
): Message | undefined {
  const scheme = need.kind === 'disjoint' || need.kind === 'count' ? need.scheme : undefined;
  if (scheme === undefined) return undefined;
  const committed = idSchemes.get(list);
  if (committed !== undefined && committed !== scheme)
    return {
      en: `The rule compares by ${comparedBy(scheme)}, but the commitment to ${list} is by ${comparedBy(committed)}.`,
      de: `Die Regel vergleicht nach ${comparedBy(scheme, 'de')}, ${list} sind aber nach ${comparedBy(committed, 'de')} festgelegt.`,
    };
  if (need.kind !== 'disjoint' || listedIdentifiers(need.reference_list, scheme)?.usable !== 0) return undefined;
  return {
    en: `No entry of the list ${need.reference_list} can be compared by ${comparedBy(scheme)}.`,
    de: `Kein Eintrag der Liste ${need.reference_list} lässt sich nach ${comparedBy(scheme, 'de')} vergleichen.`,
  };
}

type Need<K> = Extract<Requirement['need'], { kind: K }>;

function evaluate({ list, need }: Requirement, facts: ListFacts, context: EvaluationContext): Outcome {
  switch (need.kind) {
    case 'count':
      return evaluateCount(list, need, facts, obstacleTo({ list, need }, context));
    case 'disjoint':
      return evaluateDisjoint(list, need, facts, context);
    case 'rows_allowed':
      return evaluateAllowed(list, need, facts, context);
    case 'disclosed':
      return evaluateShare(list, need, facts);
  }
}

function evaluateCount(list: string, need: Need<'count'>, facts: ListFacts, obstacle?: Message): Outcome {
  const { min, max } = facts;
  const distinct = need.scheme !== undefined && facts.distinct.has(need.scheme);
  const [low, high] = [need.min ?? 0, need.max ?? Infinity];
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
  if (implied && (!need.distinct || distinct)) return { state: 'holds', fact };
  return need.distinct && obstacle ? { state: 'open', message: obstacle } : OPEN;
}

/** Members of `among` in [min, max], counted without walking the interval. */
const within = (among: ReadonlySet<number>, min: number, max: number) =>
  [...among].filter((value) => value >= min && value <= max).length;
const noneOf = (among: ReadonlySet<number>, min: number, max: number) => within(among, min, max) === 0;
const allOf = (among: ReadonlySet<number>, min: number, max: number) => within(among, min, max) === max - min + 1;

function evaluateDisjoint(list: string, need: Need<'disjoint'>, facts: ListFacts, context: EvaluationContext): Outcome {
  const hash = context.lists.get(need.reference_list);
  if (!hash) return OPEN;
  const about = { list, reference_list: need.reference_list, hash };
  const { reference_list, scheme } = need;
  if (facts.hasListedRow(reference_list, scheme, context))
    return { state: 'broken', fact: { kind: 'listed', ...about, id_scheme: scheme } };
  const obstacle = obstacleTo({ list, need }, context);
  if (obstacle) return { state: 'open', message: obstacle };
  const fact = facts.disjoint(reference_list, hash, scheme);
  return fact ? { state: 'holds', fact: { kind: 'disjoint', ...about, id_scheme: fact.id_scheme } } : OPEN;
}

function evaluateAllowed(
  list: string,
  need: Need<'rows_allowed'>,
  facts: ListFacts,
  context: EvaluationContext,
): Outcome {
  const table = context.allowedCodes(need.table, list);
  if (!table) return OPEN;
  const fact = { list, table_hash: table.table_hash };
  if (facts.hasRowOutside(table)) return { state: 'broken', fact: { kind: 'row_not_allowed', ...fact } };
  return facts.tables.has(table.table_hash) ? { state: 'holds', fact: { kind: 'rows_allowed', ...fact } } : OPEN;
}

/**
 * A share of all rows of the list: rows that were not opened count against it, so showing only the good ones proves
 * nothing. Broken when even all unopened rows could not lift it.
 */
function evaluateShare(list: string, need: Need<'disclosed'>, facts: ListFacts): Outcome {
  const { max: total } = facts;
  if (total === Infinity) return OPEN;
  const { field } = need.where;
  const { opened, withValue } = facts.opened(field);
  const wanted = new Set((need.where.in ?? [need.where.eq!]).map((value) => jcsText(value)));
  let matching = 0;
  for (const value of wanted) matching += withValue.get(value) ?? 0;
  const failing = opened - matching;
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
