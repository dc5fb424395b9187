import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCapError, type JsonObject, type JsonValue } from '@cap/core';
import { compilePolicy } from './compile.js';
import { parsePolicyText } from './parse.js';

const sha3 = (text: string) => `0x${createHash('sha3-256').update(text).digest('hex')}`;
const V1 = {
  version: 'lksg.v1',
  name: 'Test Policy',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 10 },
  notes: '',
};
const RULE: JsonObject = { id: 'r', op: 'range_max', lhs: 'supplier_count', rhs: 1 };
const v2 = (more: JsonObject = {}): JsonObject => ({
  id: 'p',
  version: '1',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'd',
  rules: [RULE],
  ...more,
});

/** The format once more, with nothing of ours: maps by name as RFC 8785 orders them, whatever the names look like. */
function byName(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(byName).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  return `{${names.map((name) => `${JSON.stringify(name)}:${byName(value[name]!)}`).join(',')}}`;
}

describe('maps are sorted by name', () => {
  const HEAD = '{"id":"p","version":"1","legal_basis":[{"directive":"LkSG","article":"§ 5"}],"description":"d",';
  const RULES = '"rules":[{"id":"r","op":"range_max","lhs":"supplier_count","rhs":1}]';

  it('also where names look like numbers, which objects put first', () => {
    const compiled = compilePolicy(v2({ inputs: { '10': 1, '9': 2, a: 3, '!': { '2': 1, '11': 2 } } }));
    const text = `${HEAD}"inputs":{"!":{"11":2,"2":1},"10":1,"9":2,"a":3},${RULES}}`;
    expect([compiled.canonicalText, compiled.policy_hash]).toEqual([text, sha3(text)]);
  });

  it('whatever the inputs and the adaptivity are, in the policy and in its IR', () => {
    const maps = fc.dictionary(
      fc.string({ maxLength: 3 }).filter((name) => name !== '__proto__'),
      fc.json({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(maps, maps, (inputs, more) => {
        const adaptivity = { activations: [{ rule: 'r', ...more, 'a if': 1 }], 'a first': 1 };
        adaptivity.activations[0]!.rule = 'r';
        const { canonicalText, policy_hash, policy_hash_text, ir_hash } = compilePolicy(v2({ inputs, adaptivity }));
        const own = byName(adaptivity);
        expect(canonicalText).toBe(`${HEAD}"inputs":${byName(inputs)},${RULES},"adaptivity":${own}}`);
        const irRules = '"rules":[{"id":"r","op":"range_max","lhs":{"var":"supplier_count"},"rhs":1}]';
        const irText = `{"ir_version":"1.0","policy_id":"p","policy_hash":"${policy_hash_text}",${irRules},"adaptivity":${own},"ir_hash":""}`;
        expect(ir_hash.slice(9)).toBe(sha3(irText).slice(2));
        expect(compilePolicy(parsePolicyText(Buffer.from(canonicalText), 'p')).policy_hash).toBe(policy_hash);
      }),
      { numRuns: 100 },
    );
  });
});

describe('every value is in the hash', () => {
  type Path = (string | number)[];
  const leaves = (value: JsonValue, path: Path = []): Path[] =>
    value !== null && typeof value === 'object'
      ? Object.entries(value).flatMap(([key, member]) => leaves(member, [...path, key]))
      : [path];
  const changed = (value: JsonValue, [head, ...rest]: Path): JsonValue => {
    if (head === undefined)
      return typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${String(value)}x`;
    const copy = (Array.isArray(value) ? [...value] : { ...(value as JsonObject) }) as Record<string, JsonValue>;
    copy[head] = changed(copy[head]!, rest);
    return copy;
  };
  const full = v2({
    inputs: { zone: { a: 1 } },
    rules: [
      { ...RULE, distinct: true },
      { id: 's', op: 'non_membership', lhs: 'ubos', rhs: 'own', max_age_days: 3 },
      { id: 't', op: 'threshold', lhs: { list: 'suppliers', where: { field: 'tier', in: [1] } }, rhs: '0.5' },
    ],
    adaptivity: { activations: [{ rule: 'r', when: 'x' }] },
  });
  const v1 = { ...V1, constraints: { ...V1.constraints, ubo_count_min: 1 } };

  it.each([
    // A version and a time cannot be any text; those of v1 are changed in the table below.
    ...leaves(v1)
      .filter(([name]) => name !== 'version' && name !== 'created_at')
      .map((path): [string, JsonObject, Path] => [`v1 ${path.join('.')}`, v1, path]),
    ...leaves(full).map((path): [string, JsonObject, Path] => [`v2 ${path.join('.')}`, full, path]),
  ])('%s', (_, policy, path) => {
    const [before, after] = [policy, changed(policy, path) as JsonObject].map((one) => compilePolicy(one));
    expect(after!.policy_hash).not.toBe(before!.policy_hash);
    expect(after!.ir_hash).not.toBe(before!.ir_hash);
  });

  it.each([
    ['version', { version: 'lksg.v1.1' }],
    ['created_at', { created_at: '2025-11-06T10:00:01Z' }],
  ])('v1 %s', (_, change) => {
    expect(compilePolicy({ ...V1, ...change }).policy_hash).not.toBe(compilePolicy(V1).policy_hash);
  });
});

describe('what has no one spelling is refused wherever it stands', () => {
  const LONE = '\ud800';
  const deep = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as JsonValue;
  it.each<[string, JsonValue]>([
    ['a lone surrogate in v1 name', { ...V1, name: LONE }],
    ['a lone surrogate in v1 notes', { ...V1, notes: `a${LONE}` }],
    ['a lone surrogate in a description', v2({ description: LONE })],
    ['a lone surrogate in a legal basis', v2({ legal_basis: [{ directive: LONE, article: 'a' }] })],
    ['a lone surrogate in a rule id', v2({ rules: [{ ...RULE, id: LONE }] })],
    ['a lone surrogate in an input’s name', v2({ inputs: { [LONE]: 1 } })],
    ['__proto__ among inputs', v2({ inputs: JSON.parse('{"__proto__":{"a":1}}') as JsonObject })],
    ['__proto__ in an operand', v2({ rules: [{ ...RULE, rhs: JSON.parse('{"__proto__":1}') as JsonObject }] })],
    ['nesting without end', v2({ inputs: { deep } })],
    ['NaN', v2({ inputs: { a: NaN } })],
    ['an integer beyond 2^53', v2({ rules: [{ ...RULE, rhs: 2 ** 53 }] })],
  ])('%s', (_, policy) => {
    expect(() => compilePolicy(policy)).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
  });

  it('and the message names the place', () => {
    let message = '';
    try {
      compilePolicy(v2({ rules: [{ ...RULE, id: LONE }] }));
    } catch (error) {
      message = isCapError(error) ? error.message : '';
    }
    expect(message).toContain('rules[0].id');
  });
});

it.each(['2025-99-01T00:00:00Z', '2025-02-29T00:00:00Z', '2025-11-06T24:00:00Z', '2025-11-06T10:00Z', '2025-11-06'])(
  'v1 created_at %s is no time',
  (created_at) => {
    expect(() => compilePolicy({ ...V1, created_at })).toThrow(/^created_at: /);
  },
);

it('v1 created_at may have fractions, an offset, and be on a leap day', () => {
  for (const created_at of ['2024-02-29T10:00:00.123456Z', '2025-11-06T10:00:00+01:00'])
    expect(compilePolicy({ ...V1, created_at }).document.created_at).toBe(created_at);
});
