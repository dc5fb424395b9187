import { z } from 'zod';
import { blake3Text, type Digest } from '@cap/crypto';
import { CapError, jcsText, type JsonValue, digest } from '@cap/core';
import { defaultIdScheme } from '@cap/lists';
import { namesOf } from './bounds.js';
import { compilePolicy, type CompiledPolicy } from './compile.js';
import { evaluateClaims, evaluateRules } from './evaluate.js';
import type { EvaluationContext, Fact, RuleStatus } from './facts.js';
import { invalid } from './v1.js';

const list = z.enum(['suppliers', 'ubos']);
const hash = digest.optional();
const idScheme = z.enum(['id', 'name', 'person']).optional();
const FactCase = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('count'), list, min: z.int().min(0).optional(), max: z.int().min(0).optional() }),
  z.strictObject({ kind: z.literal('distinct'), list, id_scheme: idScheme }),
  z.strictObject({
    kind: z.literal('disjoint'),
    list,
    reference_list: z.string(),
    hash,
    id_scheme: idScheme,
  }),
  z.strictObject({ kind: z.literal('rows_allowed'), list, table_hash: hash }),
  z.strictObject({
    kind: z.literal('disclosed'),
    list,
    complete: z.boolean().default(false),
    rows: z.array(z.strictObject({ index: z.int().min(0), fields: z.record(z.string(), z.json()) })),
  }),
]);
const Cases = z.strictObject({
  cases: z
    .array(
      z
        .strictObject({
          name: z.string().min(1),
          facts: z.array(FactCase).optional(),
          claims: z.array(z.strictObject({ rule_id: z.string(), ok: z.boolean() })).optional(),
          strength: z.enum(['proven', 'disclosed', 'claimed']).default('proven'),
          /** Status of every rule that the case is about. */
          expect: z
            .record(z.string(), z.enum(['proven', 'disclosed', 'claimed', 'violated', 'unproven']))
            .refine((expected) => Object.keys(expected).length > 0, 'expected the status of at least one rule'),
        })
        .refine(({ facts, claims }) => !(facts && claims), 'expected facts or claims, not both'),
    )
    .min(1),
});

interface PolicyTestResult {
  name: string;
  ok: boolean;
  message?: string;
}

/**
 * Runs the cases kept beside a policy. A fact that leaves its hash out is about the list, or all tables, that the rules ask
 * for; one that states a hash is about that. Throws CapError `policy.invalid` for a malformed case file.
 */
export function runPolicyTests(document: JsonValue, cases: JsonValue): PolicyTestResult[] {
  const policy = compilePolicy(document);
  const parsed = Cases.safeParse(cases);
  if (!parsed.success) throw invalid(parsed.error);
  const context = standIn(
    policy.requirements.map(({ need }) => (need.kind === 'disjoint' ? need.reference_list : null)),
  );
  const known = new Set(policy.rules.map(({ rule_id }) => rule_id));
  return parsed.data.cases.map(({ name, facts, claims, strength, expect }) => {
    const named = [...Object.keys(expect), ...(claims ?? []).map(({ rule_id }) => rule_id)];
    const unknown = named.filter((id) => !known.has(id));
    if (unknown.length > 0)
      throw new CapError('policy.invalid', `case ${name}: the policy has no rule ${namesOf(unknown)}`);
    const results = claims
      ? evaluateClaims(policy, claims, context)
      : evaluateRules(
          policy,
          (facts ?? []).flatMap((fact) => completed(fact, policy, context)),
          strength,
          context,
        );
    const found = new Map<string, RuleStatus>(results.map(({ rule_id, status }) => [rule_id, status]));
    const wrong = Object.entries(expect).flatMap(([id, expected]) => {
      return found.get(id) === expected ? [] : [`${id}: expected ${expected}, found ${found.get(id)}`];
    });
    return wrong.length === 0 ? { name, ok: true } : { name, ok: false, message: wrong.join('; ') };
  });
}

/** In a test, lists and tables have the hashes of their names. */
function standIn(referenceLists: (string | null)[]): EvaluationContext {
  const hashOf = (id: string): Digest => blake3Text('cap.policy-test', id);
  return {
    lists: new Map(referenceLists.flatMap((id) => (id === null ? [] : [[id, hashOf(id)]]))),
    allowedCodes: (spec) => ({ codes: EVERYTHING, table_hash: hashOf(jcsText(spec)) }),
    listedIdentifiers: () => null,
    idSchemes: new Map(),
  };
}
// A case states rows_allowed as a fact; single rows are not looked at.
const EVERYTHING: ReadonlySet<number> = new (class extends Set<number> {
  override has() {
    return true;
  }
})();

function completed(
  fact: z.infer<typeof FactCase>,
  { requirements }: CompiledPolicy,
  context: EvaluationContext,
): Fact[] {
  if (fact.kind === 'disjoint') {
    const hash = (fact.hash as Digest | undefined) ?? context.lists.get(fact.reference_list);
    const { id_scheme = defaultIdScheme(fact.list) } = fact;
    return hash === undefined ? [] : [{ ...fact, hash, id_scheme }]; // no rule asks for that list
  }
  if (fact.kind === 'rows_allowed') {
    if (fact.table_hash !== undefined) return [{ ...fact, table_hash: fact.table_hash as Digest }];
    return requirements.flatMap(({ list: of, need }) =>
      of === fact.list && need.kind === 'rows_allowed'
        ? [{ ...fact, table_hash: context.allowedCodes(need.table, of)!.table_hash }]
        : [],
    );
  }
  return [fact.kind === 'distinct' ? { ...fact, id_scheme: fact.id_scheme ?? defaultIdScheme(fact.list) } : fact];
}
