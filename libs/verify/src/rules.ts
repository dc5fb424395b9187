import {
  evaluateClaims,
  evaluateRules,
  type EvaluationContext,
  type FactStrength,
  type RuleResult,
  type RuleStatus,
} from '@cap/policy';
import { evaluationContextOf } from '@cap/proof';
import type { ChosenPolicy } from './policy.js';
import type { ProvenFacts } from './proofs.js';

/** Worst first. */
const ORDER: readonly RuleStatus[] = ['violated', 'unproven', 'claimed', 'disclosed', 'proven'];
/** No reference list, no commitment. */
export const NOTHING_KNOWN = evaluationContextOf(new Map(), new Map(), []);
const STRENGTHS: readonly FactStrength[] = ['proven', 'disclosed', 'claimed'];

/**
 * The rules, checked over what the proofs have established. Facts of several proofs of one kind and manifest count
 * together; a bundle with several manifests must satisfy each rule for each of them.
 */
export function verifyRules<M>(
  { own, rules }: ChosenPolicy,
  manifests: ReadonlyMap<string, M>,
  established: readonly ProvenFacts<M>[],
  contextOf: (checked: M) => EvaluationContext,
): RuleResult[] {
  if (!rules) return [];
  const perManifest = [...manifests.values()].map((checked) => {
    const proofs = established.filter(({ manifest }) => manifest === checked);
    const context = contextOf(checked);
    const results = [evaluateRules(rules, [], 'claimed', context)];
    for (const strength of STRENGTHS) {
      // Each kind of proof by itself: what is disclosed and what is proven must not be combined into a stronger fact.
      const facts = proofs.filter((proof) => proof.strength === strength).flatMap(({ facts }) => facts);
      // Rules that only the bundle tells of are no better than its word.
      if (facts.length > 0) results.push(evaluateRules(rules, facts, own ? strength : 'claimed', context));
    }
    for (const { claims } of proofs) if (claims) results.push(evaluateClaims(rules, claims, context));
    return combine(results, better);
  });
  return perManifest.length > 0 ? combine(perManifest, worse) : evaluateRules(rules, [], 'claimed', NOTHING_KNOWN);
}

const rank = ({ status }: RuleResult): number => ORDER.indexOf(status);

/** The better result, except that a violation always wins. */
const better = (a: RuleResult, b: RuleResult): RuleResult => {
  if (a.status === 'violated' || b.status === 'violated') return a.status === 'violated' ? a : b;
  return rank(b) > rank(a) ? b : a;
};

export const worse = (a: RuleResult, b: RuleResult): RuleResult => (rank(b) < rank(a) ? b : a);

export function combine(
  lists: readonly RuleResult[][],
  choose: (a: RuleResult, b: RuleResult) => RuleResult,
): RuleResult[] {
  const byId = new Map<string, RuleResult>();
  for (const result of lists.flat()) {
    const before = byId.get(result.rule_id);
    byId.set(result.rule_id, before ? choose(before, result) : result);
  }
  return [...byId.values()];
}
