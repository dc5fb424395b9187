import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '@cap/core';
import { parsePolicyText } from './parse.js';
import { runPolicyTests } from './policy-tests.js';

const example = (name: string) =>
  parsePolicyText(readFileSync(new URL(`../../../examples/policies/${name}`, import.meta.url)), name) as JsonObject;
const policy = example('lksg.v1.json');
const run = (...cases: JsonObject[]) => runPolicyTests(policy, { cases });
const few = { kind: 'count', list: 'suppliers', max: 5 };

describe('policy tests', () => {
  it.each([
    ['lksg.v1.json', 'lksg.v1.cases.json'],
    ['lksg.v2.yaml', 'lksg.v2.cases.yaml'],
    ['lksg-shares.v2.yaml', 'lksg-shares.v2.cases.yaml'],
  ])('the cases beside %s pass', (name, cases) => {
    const results = runPolicyTests(example(name), example(cases));
    expect(results.length).toBeGreaterThan(2);
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('say which rule came out otherwise than expected', () => {
    const [right, wrong] = run(
      { name: 'right', facts: [few], expect: { supplier_count_max: 'proven' } },
      {
        name: 'wrong',
        facts: [few],
        strength: 'disclosed',
        expect: { supplier_count_max: 'violated', ubo_count_min: 'proven' },
      },
    );
    expect(right).toEqual({ name: 'right', ok: true });
    expect(wrong).toEqual({
      name: 'wrong',
      ok: false,
      message: 'supplier_count_max: expected violated, found disclosed; ubo_count_min: expected proven, found unproven',
    });
  });

  it('a fact with a hash of its own is about that list or table', () => {
    const hash = `0x${'1'.repeat(64)}`;
    const facts: JsonObject[] = [
      { kind: 'disjoint', list: 'suppliers', reference_list: 'sanctions', hash },
      { kind: 'rows_allowed', list: 'suppliers', table_hash: hash },
    ];
    expect(
      run({ name: 'n', facts, expect: { 'sanctions_root.suppliers': 'unproven', jurisdiction_root: 'unproven' } }),
    ).toEqual([{ name: 'n', ok: true }]);
  });

  it('a fact without a hash is about every table that the rules ask for', () => {
    const inCountry = (id: string, country: string): JsonObject => ({
      id,
      op: 'in',
      lhs: 'suppliers.code',
      rhs: [country],
    });
    const rules = [inCountry('a', 'DE'), inCountry('b', 'FR'), { ...inCountry('c', 'DE'), lhs: 'ubos.code' }];
    const facts = [{ kind: 'rows_allowed', list: 'suppliers' }];
    const cases = [{ name: 'n', facts, expect: { a: 'proven', b: 'proven', c: 'unproven' } }];
    expect(runPolicyTests({ id: 'p', version: '1', rules }, { cases })).toEqual([{ name: 'n', ok: true }]);
  });

  it('an opened row in what is no country breaks the rule, and a list that no rule asks for settles none', () => {
    const opened = (jurisdiction: JsonValue) => ({
      kind: 'disclosed',
      list: 'suppliers',
      rows: [{ index: 0, fields: { jurisdiction } }],
    });
    for (const country of ['XX', 'de', 5, null, ['DE']] as JsonValue[])
      expect(run({ name: 'n', facts: [opened(country)], expect: { jurisdiction_root: 'violated' } })[0]!.ok).toBe(true);
    const elsewhere = { kind: 'disjoint', list: 'suppliers', reference_list: 'elsewhere' };
    expect(run({ name: 'n', facts: [elsewhere], expect: { 'sanctions_root.suppliers': 'unproven' } })[0]!.ok).toBe(
      true,
    );
  });

  const expected = { supplier_count_max: 'proven' };
  it('a case is whole with a name, facts and an expectation', () => {
    expect(run({ name: 'n', facts: [few], expect: expected })).toEqual([{ name: 'n', ok: true }]);
  });

  it.each<[string, JsonObject, string]>([
    ['a rule that is not there', { name: 'n', facts: [few], expect: { nobody: 'proven' } }, 'nobody'],
    [
      'a rule named like a member of objects',
      { name: 'n', facts: [few], expect: { constructor: 'proven' } },
      'constructor',
    ],
    [
      'a claim about a rule that is not there',
      { name: 'n', claims: [{ rule_id: 'nobody', ok: true }], expect: expected },
      'nobody',
    ],
    [
      'a fact of another kind',
      { name: 'n', facts: [{ kind: 'size', list: 'suppliers' }], expect: expected },
      'cases.0.facts.0.kind',
    ],
    [
      'a fact about another list',
      { name: 'n', facts: [{ ...few, list: 'supplier' }], expect: expected },
      'cases.0.facts.0.list',
    ],
    [
      'a fact with a bound that is none',
      { name: 'n', facts: [{ ...few, max: -1 }], expect: expected },
      'cases.0.facts.0.max',
    ],
    ['a fact with more members', { name: 'n', facts: [{ ...few, mx: 1 }], expect: expected }, 'cases.0.facts.0'],
    ['facts and claims', { name: 'n', facts: [few], claims: [], expect: expected }, 'cases.0'],
    ['nothing expected', { name: 'n', facts: [few], expect: {} }, 'cases.0.expect'],
    [
      'a status that is none',
      { name: 'n', facts: [], expect: { supplier_count_max: 'ok' } },
      'cases.0.expect.supplier_count_max',
    ],
    ['no name', { facts: [few], expect: expected }, 'cases.0.name'],
    ['an unknown member', { name: 'n', facts: [few], expected: {}, expect: expected }, 'cases.0'],
  ])('%s is refused with its place', (_, wrong, place) => {
    const action = () => run(wrong);
    expect(action).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
    expect(action).toThrow(place);
  });

  it('no cases at all are no test', () => {
    for (const cases of [{ cases: [] }, {}, [], null] as JsonValue[])
      expect(() => runPolicyTests(policy, cases)).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
  });
});
