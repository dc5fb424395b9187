import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@cap/core';
import { compilePolicy } from './compile.js';
import { evaluateRules } from './evaluate.js';
import type { EvaluationContext, Fact } from './facts.js';

const RULES: JsonObject[] = [
  { id: 'few', op: 'range_max', lhs: 'supplier_count', rhs: 5 },
  { id: 'owners', op: 'range_min', lhs: 'ubo_count', rhs: 1 },
];
const policy = (adaptivity?: JsonObject): JsonObject => ({
  id: 'p',
  version: '1',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'd',
  rules: RULES,
  ...(adaptivity && { adaptivity }),
});
const nothing: EvaluationContext = {
  lists: new Map(),
  allowedCodes: () => null,
  listedIdentifiers: () => null,
  idSchemes: new Map(),
};
const FACTS: Fact[] = [
  { kind: 'count', list: 'suppliers', min: 6 },
  { kind: 'count', list: 'ubos', min: 1 },
];

describe('adaptivity may only add', () => {
  it.each<[string, JsonObject]>([
    ['that says nothing', {}],
    ['that activates no rule', { activations: [] }],
    ['that activates one rule under a condition', { activations: [{ rule: 'owners', when: false }] }],
    ['that wants a rule off', { activations: [{ rule: 'few', active: false, enabled: false, op: 'remove' }] }],
    ['with words of its own for leaving out', { deactivations: [{ rule: 'few' }], disabled: ['few'], unless: 'few' }],
    ['with rules of its own', { rules: [], overrides: [{ id: 'few', rhs: 99 }] }],
  ])('%s: every rule still applies, with its bound', (_, adaptivity) => {
    const plain = compilePolicy(policy());
    const adaptive = compilePolicy(policy(adaptivity));
    const results = evaluateRules(plain, FACTS, 'proven', nothing);
    expect(results.map(({ rule_id, status }) => [rule_id, status])).toEqual([
      ['few', 'violated'],
      ['owners', 'proven'],
    ]);
    expect(adaptive.requirements).toEqual(plain.requirements);
    expect(evaluateRules(adaptive, FACTS, 'proven', nothing)).toEqual(results);
    expect(adaptive.policy_hash).not.toBe(plain.policy_hash);
    expect(adaptive.ir_hash).not.toBe(plain.ir_hash);
  });

  it.each<[string, JsonObject, string]>([
    ['an activation without a rule', { activations: [{ when: 1 }] }, 'adaptivity.activations.0.rule'],
    ['a rule that is no name', { activations: [{ rule: ['few'] }] }, 'adaptivity.activations.0.rule'],
    ['activations that are no list', { activations: { rule: 'few' } }, 'adaptivity.activations'],
  ])('%s is refused with its place', (_, adaptivity, place) => {
    const compile = () => compilePolicy(policy(adaptivity));
    expect(compile).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
    expect(compile).toThrow(`${place}: `);
  });
});
