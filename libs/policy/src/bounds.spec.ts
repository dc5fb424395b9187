import { describe, expect, it } from '@jest/globals';
import { isCapError, type JsonObject, type JsonValue } from '@cap/core';
import { compilePolicy, lintErrors, type CompiledPolicy } from './compile.js';
import { evaluateClaims, evaluateRules } from './evaluate.js';
import type { EvaluationContext, Fact } from './facts.js';
import { parsePolicyText } from './parse.js';

const policyOf = (rules: JsonValue[], more: object = {}): JsonObject => ({
  id: 'bounds',
  version: '1',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'Bounds',
  rules,
  ...more,
});
const ruleOf = (i: number, more: object = {}) => ({
  id: `r${i}`,
  op: 'range_max',
  lhs: 'supplier_count',
  rhs: 3,
  ...more,
});
const many = (length: number, make: (i: number) => JsonValue = ruleOf) => Array.from({ length }, (_, i) => make(i));
const refusal = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    if (isCapError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('the size of a policy', () => {
  const forms: [string, (policy: JsonObject) => unknown][] = [
    ['an object', compilePolicy],
    ['text', (policy) => parsePolicyText(Buffer.from(JSON.stringify(policy)), 'policy')],
  ];
  it.each(forms)('is bounded in bytes as %s', (_name, read) => {
    const long = policyOf([ruleOf(0, { rhs: 'x'.repeat(1_000_000) })]);
    expect(refusal(() => read(long))).toMatchObject({ code: 'policy.invalid' });
    expect(refusal(() => read(long)).message).toMatch(/at most 1000000/);
  });
  it.each(forms)('is bounded in members as %s', (_name, read) => {
    const { code, message } = refusal(() => read(policyOf(many(12_000))));
    expect([code, message]).toEqual([
      'policy.invalid',
      expect.stringMatching(/more than \d+ (members|lines and items)/),
    ]);
  });

  it('lets ten thousand rules be', () => {
    const policy = policyOf(many(9_900));
    expect(compilePolicy(policy).rules).toHaveLength(9_900);
    expect(() => parsePolicyText(Buffer.from(JSON.stringify(policy)), 'policy')).not.toThrow();
  });

  it('keeps the name short enough for a path', () => {
    const named = (length: number) => compilePolicy(policyOf(many(1), { id: 'x'.repeat(length), version: '1' }));
    expect(named(298).policy_id).toHaveLength(300);
    expect(refusal(() => named(299))).toMatchObject({ code: 'policy.invalid', message: expect.stringMatching(/300/) });
  });
});

describe('what is said of many faults', () => {
  it('lints: the first hundred, errors first, and how many are left', () => {
    const rules = many(3_000, (i) => ruleOf(i, i < 200 ? { scheme: 'name' } : { op: 'no' }));
    const { lints } = compilePolicy(policyOf(rules));
    expect(lints).toHaveLength(101);
    expect(lints.slice(0, 100).every(({ code }) => code === 'E2001')).toBe(true);
    expect(lints.at(-1)).toEqual({ code: 'E1000', severity: 'error', message: 'and 2900 more' });
    const warned = compilePolicy(policyOf(many(200, (i) => ruleOf(i, { scheme: 'name' })))).lints;
    expect(warned.at(-1)).toEqual({ code: 'W1000', severity: 'warning', message: 'and 100 more' });
    expect(lintErrors(warned)).toEqual([]);
  });

  it('members: the first hundred, none of them longer than a sentence', () => {
    const { message, details } = refusal(() =>
      compilePolicy(policyOf(many(3_000, () => ({ [`x${'y'.repeat(999)}`]: 1 })).slice(0, 900))),
    );
    expect(details).toHaveLength(101);
    expect((details as string[]).at(-1)).toMatch(/^and \d+ more$/);
    expect(message.length).toBeLessThan(70_000);
    const strange = Object.fromEntries(many(40_000).map((_, i) => [`k${i}`, 1]));
    expect(refusal(() => compilePolicy(policyOf(many(1), strange))).message.length).toBeLessThan(1_000);
  });

  it('names of rules: a few', () => {
    const { lints } = compilePolicy(policyOf([...many(2_000), ruleOf(9_999, { op: 'range_min', rhs: 4 })]));
    expect(lints).toEqual([
      {
        code: 'E3002',
        severity: 'error',
        message: "the bounds of the rules r0, r1, r2, r3, r4 and 1996 more can't all be met by any number of suppliers",
      },
    ]);
  });
});

// Each of these takes minutes if every rule goes through all rows, facts or claims again.
describe('many rules over many facts', () => {
  const count = 30_000;
  const policy = (need: object): CompiledPolicy =>
    ({
      rules: many(count).map((rule) => ({
        rule_id: (rule as { id: string }).id,
        requirement: { rule_id: 'r', list: 'suppliers', need },
      })),
    }) as unknown as CompiledPolicy;
  const rows = Array.from({ length: count }, (_, index) => ({
    index,
    fields: { name: `N${index}`, jurisdiction: 'DE', tier: 1, due_diligence: true },
  }));
  const hash = `0x${'1'.repeat(64)}` as const;
  const facts: Fact[] = [
    { kind: 'count', list: 'suppliers', min: count, max: count },
    { kind: 'disclosed', list: 'suppliers', complete: true, rows },
    ...rows.map((): Fact => ({ kind: 'rows_allowed', list: 'suppliers', table_hash: hash })),
  ];
  const context: EvaluationContext = {
    lists: new Map([['sanctions', hash]]),
    allowedCodes: () => ({ codes: new Set(Array.from({ length: 2 ** 18 }, (_, i) => i)), table_hash: hash }),
    listedIdentifiers: () => ({ identifiers: new Set(['name:nobody|DE']), entries: 1, usable: 1 }),
    idSchemes: new Map(),
  };
  it.each([
    ['a share', { kind: 'disclosed', fields: ['tier'], where: { field: 'tier', eq: 1 }, fraction: '1' }, 'disclosed'],
    ['absence', { kind: 'disjoint', reference_list: 'sanctions', scheme: 'name' }, 'unproven'],
    ['a bound', { kind: 'count', min: 1 }, 'disclosed'],
  ])('%s', (_name, need, status) => {
    const results = evaluateRules(policy(need), facts, 'disclosed', context);
    expect(new Set(results.map((result) => result.status))).toEqual(new Set([status]));
  });

  it('claims, of which one contradicts another', () => {
    const claims = rows.map(({ index }) => ({ rule_id: `r${index}`, ok: true }));
    const results = evaluateClaims(
      policy({ kind: 'count', min: 1 }),
      [{ rule_id: 'r7', ok: false }, ...claims],
      context,
    );
    expect(results.filter(({ status }) => status === 'violated').map(({ rule_id }) => rule_id)).toEqual(['r7']);
    expect(results.filter(({ status }) => status === 'claimed')).toHaveLength(count - 1);
  });
});
