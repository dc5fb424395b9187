import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { type JsonObject, type JsonValue } from '@cap/crypto';
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

  it.each<[string, JsonObject]>([
    ['a rule that is not there', { name: 'n', facts: [few], expect: { nobody: 'proven' } }],
    ['a fact of another kind', { name: 'n', facts: [{ kind: 'size', list: 'suppliers' }], expect: {} }],
    ['a status that is none', { name: 'n', facts: [], expect: { supplier_count_max: 'ok' } }],
    ['no name', { facts: [], expect: {} }],
    ['an unknown member', { name: 'n', expected: {}, expect: {} }],
  ])('%s is a case file that is none', (_, wrong) => {
    expect(() => run(wrong)).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
  });

  it('no cases at all are no test', () => {
    for (const cases of [{ cases: [] }, {}, [], null] as JsonValue[])
      expect(() => runPolicyTests(policy, cases)).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
  });
});
