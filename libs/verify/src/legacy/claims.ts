import type { CompiledPolicy, Fact, Requirement, RuleResult } from '@cap/policy';
import { combine, worse } from '../rules.js';
import { EMPTY_ROOT, type LegacyManifest } from './manifest.js';
import type { LegacyClaim } from './proof.js';

/**
 * What the claims say about the rules of a policy. Claims go by the name of the constraint, some with its bound behind it
 * (`supplier_count_max_10`): such a claim is about another rule, and counts as far as its bound implies this one's.
 */
export function claimsFor(
  { rules }: Pick<CompiledPolicy, 'rules'>,
  claims: readonly LegacyClaim[],
): { rule_id: string; ok: boolean }[] {
  return rules.flatMap(({ rule_id, requirement }) =>
    claims.flatMap(({ name, ok }) => {
      if (name === rule_id) return [{ rule_id, ok }];
      const bound = boundBehind(rule_id, name);
      return bound !== null && requirement && decides(requirement, bound, ok) ? [{ rule_id, ok }] : [];
    }),
  );
}

function boundBehind(ruleId: string, name: string): number | null {
  const digits = name.startsWith(`${ruleId}_`) ? name.slice(ruleId.length + 1) : '';
  return /^\d{1,9}$/u.test(digits) ? Number(digits) : null;
}

/** Does the claim that the count keeps (ok) or breaks (not ok) that bound decide whether it keeps the rule's own? */
function decides({ need }: Requirement, bound: number, ok: boolean): boolean {
  if (need.kind !== 'count') return false;
  if (need.max !== undefined && need.min === undefined) return ok ? bound <= need.max : bound >= need.max;
  if (need.min !== undefined && need.max === undefined) return ok ? bound >= need.min : bound <= need.min;
  return false;
}

/** The claims as rules of their own, where no policy is available: one line for each name, a false claim before a true one. */
export function claimsAsRules(claims: readonly LegacyClaim[]): RuleResult[] {
  const lines = claims.map(({ name, ok }): RuleResult => ({
    rule_id: name,
    status: ok ? 'claimed' : 'violated',
    fact: { kind: 'claim', ok },
  }));
  return combine([lines], worse);
}

/** What the roots themselves establish: a list without rows is known by its root. */
export function factsOf({ supplier_root, ubo_root }: LegacyManifest): Fact[] {
  const roots = { suppliers: supplier_root, ubos: ubo_root };
  return Object.entries(roots).flatMap(([list, root]): Fact[] =>
    root === EMPTY_ROOT ? [{ kind: 'count', list, min: 0, max: 0 }] : [],
  );
}
