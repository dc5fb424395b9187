import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '@cap/core';
import { sha3Text } from '@cap/crypto';
import { compilePolicy, lintErrors } from './compile.js';

const V1 = {
  version: 'lksg.v1',
  name: 'Test Policy',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 10 },
  notes: '',
};
const rule = (id: string, more: JsonObject = {}): JsonObject => ({
  id,
  op: 'range_max',
  lhs: 'supplier_count',
  rhs: 10,
  ...more,
});
const v2 = (more: JsonObject = {}): JsonObject => ({
  id: 'lksg.core',
  version: '1.2.0',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'Few suppliers',
  inputs: { zone: { b: 1, a: 2 } },
  rules: [
    rule('b-first', { lhs: { where: { field: 'tier', eq: 1 }, list: 'suppliers' }, op: 'threshold', rhs: '0.5' }),
    rule('a-second'),
  ],
  adaptivity: { activations: [{ when: 'x', rule: 'a-second' }], also: { d: 1, c: 2 } },
  ...more,
});

describe('policy v1', () => {
  it.each([
    ['2025-11-06T10:00:00Z', '0x0afcb402e74ff6a11601863fc4ae2f2d756124db71bc703f5889ecefcd371ff4'],
    ['2025-11-07T10:00:00Z', '0xd6301523fb8172a454e641310dac9e12aa247b126f5ea8eeb84bbb2c948f3b94'],
  ])('of %s has the hash that every implementation gives', (created_at, hash) => {
    const compiled = compilePolicy({ ...V1, created_at });
    expect(compiled.policy_hash).toBe(hash);
    expect(compiled.policy_hash_text).toBe(hash);
    expect(sha3Text(compiled.canonicalText)).toBe(hash);
    expect(compiled.lints).toEqual([]);
  });

  it('is named by its hash: the first 16 bytes as a UUID of version 8', () => {
    expect(compilePolicy(V1).policy_id).toBe('0afcb402-e74f-86a1-9601-863fc4ae2f2d');
  });

  it('leaves absent optionals out and always writes notes', () => {
    const { notes: _notes, ...without } = V1;
    expect(compilePolicy(without).canonicalText).toBe(JSON.stringify(V1));
    const constraints = { ...V1.constraints, require_statement_roots: ['sanctions_root'], ubo_count_min: 0 };
    expect(compilePolicy({ ...V1, constraints }).canonicalText).toContain(
      '"supplier_count_max":10,"ubo_count_min":0,"require_statement_roots":["sanctions_root"]}',
    );
  });

  it('names its rules after the constraints', () => {
    const constraints = {
      require_at_least_one_ubo: true,
      supplier_count_max: 3,
      ubo_count_min: 2,
      require_statement_roots: ['jurisdiction_root', 'sanctions_root'],
    };
    expect(compilePolicy({ ...V1, constraints }).requirements).toEqual([
      { rule_id: 'require_at_least_one_ubo', list: 'ubos', need: { kind: 'count', min: 1 } },
      { rule_id: 'supplier_count_max', list: 'suppliers', need: { kind: 'count', max: 3 } },
      { rule_id: 'ubo_count_min', list: 'ubos', need: { kind: 'count', min: 2 } },
      {
        rule_id: 'sanctions_root.suppliers',
        list: 'suppliers',
        need: { kind: 'disjoint', reference_list: 'sanctions', scheme: 'name' },
      },
      {
        rule_id: 'sanctions_root.ubos',
        list: 'ubos',
        need: { kind: 'disjoint', reference_list: 'sanctions', scheme: 'person' },
      },
      {
        rule_id: 'jurisdiction_root',
        list: 'suppliers',
        need: { kind: 'rows_allowed', table: { exclude_risk: 'high' } },
      },
    ]);
    const none = { require_at_least_one_ubo: false, supplier_count_max: 3 };
    expect(compilePolicy({ ...V1, constraints: none }).requirements.map(({ rule_id }) => rule_id)).toEqual([
      'supplier_count_max',
    ]);
  });
});

describe('policy v2', () => {
  it('is hashed as compact JSON in the format’s order of members, maps sorted', () => {
    const compiled = compilePolicy(v2());
    const text =
      '{"id":"lksg.core","version":"1.2.0","legal_basis":[{"directive":"LkSG","article":"§ 5"}],"description":"Few suppliers",' +
      '"inputs":{"zone":{"a":2,"b":1}},"rules":[' +
      '{"id":"b-first","op":"threshold","lhs":{"list":"suppliers","where":{"eq":1,"field":"tier"}},"rhs":"0.5"},' +
      '{"id":"a-second","op":"range_max","lhs":"supplier_count","rhs":10}],' +
      '"adaptivity":{"activations":[{"rule":"a-second","when":"x"}],"also":{"c":2,"d":1}}}';
    expect(compiled.canonicalText).toBe(text);
    expect(compiled.policy_hash_text).toBe(`sha3-256:${sha3Text(text).slice(2)}`);
    expect([compiled.policy_id, compiled.policy_hash]).toEqual(['lksg.core@1.2.0', sha3Text(text)]);
  });

  it('becomes an IR with rules sorted by id, text operands as variables, and a hash over itself', () => {
    const { ir, ir_hash, policy_hash_text } = compilePolicy(v2());
    const text =
      `{"ir_version":"1.0","policy_id":"lksg.core","policy_hash":"${policy_hash_text}","rules":[` +
      '{"id":"a-second","op":"range_max","lhs":{"var":"supplier_count"},"rhs":10},' +
      '{"id":"b-first","op":"threshold","lhs":{"list":"suppliers","where":{"eq":1,"field":"tier"}},"rhs":{"var":"0.5"}}],' +
      '"adaptivity":{"activations":[{"rule":"a-second","when":"x"}],"also":{"c":2,"d":1}},"ir_hash":""}';
    expect(ir_hash).toBe(`sha3-256:${sha3Text(text).slice(2)}`);
    expect(JSON.stringify(ir)).toBe(text.replace('"ir_hash":""', `"ir_hash":"${ir_hash}"`));
  });
});

describe('any order of members', () => {
  /** The same value with the members of every object in another order. */
  function shuffled(value: JsonValue, random: () => number): JsonValue {
    if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
    if (value === null || typeof value !== 'object') return value;
    const members = Object.entries(value).map(([key, member]) => ({ key, member, at: random() }));
    members.sort((a, b) => a.at - b.at);
    return Object.fromEntries(members.map(({ key, member }) => [key, shuffled(member, random)]));
  }

  it.each([
    [
      'v1',
      { ...V1, constraints: { ...V1.constraints, ubo_count_min: 1, require_statement_roots: ['sanctions_root'] } },
    ],
    ['v2', v2()],
  ] as [string, JsonObject][])('gives %s one hash in 100 compilations', (_, policy) => {
    const { policy_hash, ir_hash } = compilePolicy(policy);
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (numbers) => {
        const compiled = compilePolicy(shuffled(policy, () => numbers.next().value as number));
        expect([compiled.policy_hash, compiled.ir_hash]).toEqual([policy_hash, ir_hash]);
      }),
      { numRuns: 100 },
    );
  });

  it('but another hash for any other value', () => {
    const hashes = [
      v2(),
      v2({ version: '1.2.1' }),
      v2({ description: 'Few supplier' }),
      v2({ inputs: { zone: { b: 1, a: 3 } } }),
      v2({ rules: [...(v2().rules as JsonObject[])].reverse() }),
      v2({ rules: [rule('a-second', { distinct: true })], adaptivity: {} }),
    ].map((policy) => compilePolicy(policy).policy_hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('lints', () => {
  const codes = (policy: JsonObject, lintMode?: 'strict' | 'relaxed') =>
    compilePolicy(policy, lintMode ? { lintMode } : {}).lints.map(({ code }) => code);
  const withRule = (more: JsonObject) => v2({ rules: [rule('one', more)], adaptivity: {} });
  const threshold = (where: JsonValue, rhs: JsonValue = '0.5') =>
    withRule({ op: 'threshold', lhs: { list: 'suppliers', where }, rhs });
  const bounds = (...given: [op: string, rhs: JsonValue][]) =>
    v2({ rules: given.map(([op, rhs], i) => rule(`r${i}`, { op, rhs })), adaptivity: {} });
  const schemes = (...names: (string | undefined)[]) =>
    v2({
      rules: names.map((scheme, i) => ({
        id: `r${i}`,
        op: 'non_membership',
        lhs: 'suppliers',
        rhs: 'sanctions_root',
        ...(scheme && { scheme }),
      })),
      adaptivity: {},
    });

  const owners = (scheme: string) => rule('one', { op: 'non_membership', lhs: 'ubos', rhs: 'sanctions_root', scheme });

  it.each<[code: string, has: JsonObject, near: JsonObject]>([
    ['E1001', v2({ adaptivity: { activations: [{ rule: 'nobody' }] } }), v2()],
    ['E1002', v2({ legal_basis: [] }), v2()],
    [
      'E1003',
      v2({ rules: [rule('a'), rule('a')], adaptivity: {} }),
      v2({ rules: [rule('a'), rule('b')], adaptivity: {} }),
    ],
    ['E1004', v2({ rules: [], adaptivity: {} }), v2()],
    ['E2001', withRule({ op: 'lt' }), withRule({ op: 'eq' })],
    ['E2001', withRule({ op: 'constructor' }), withRule({ op: 'range_min' })],
    ['E2003', withRule({ lhs: 'employee_count' }), withRule({ lhs: 'suppliers.count' })],
    ['E2003', withRule({ lhs: 'toString' }), withRule({ lhs: 'zone' })],
    [
      'E2003',
      withRule({ op: 'non_membership', lhs: 'supplier_count', rhs: 'x' }),
      withRule({ op: 'non_membership', lhs: 'ubo_hashes', rhs: 'x' }),
    ],
    ['E2003', threshold({ field: 'salary', eq: 1 }), threshold({ field: 'due_diligence', eq: true })],
    ['E2004', schemes('id', 'name'), schemes('id', 'id')],
    ['E2004', schemes('person', 'name', undefined), schemes('name', undefined)],
    ['E2004', schemes('id', undefined), schemes('id', 'id')],
    [
      'E2004',
      v2({
        rules: [owners('id'), rule('two', { lhs: 'ubo_count', distinct: true, scheme: 'person' })],
        adaptivity: {},
      }),
      v2({ rules: [owners('id'), rule('two', { lhs: 'ubo_count', distinct: true })], adaptivity: {} }),
    ],
    [
      'E3002',
      v2({ inputs: { zone: 1, ubos: { unmatchable_max: 0.5 } } }),
      v2({ inputs: { zone: 1, ubos: { unmatchable_max: '0.5' } } }),
    ],
    [
      'E3002',
      v2({ inputs: { zone: 1, ubos: { unmatchable_max: '2' } } }),
      v2({ inputs: { zone: 1, ubos: { unmatchable_max: '1' } } }),
    ],
    ['W1004', schemes(undefined), schemes('name')],
    ['W1004', schemes('name', undefined), withRule({ distinct: true })],
    ['E3002', withRule({ rhs: -1 }), withRule({ rhs: 0 })],
    ['E3002', withRule({ rhs: 1.5 }), withRule({ rhs: 2 })],
    ['E3002', withRule({ rhs: '10' }), withRule({ rhs: 10 })],
    ['E3002', withRule({ max_age_days: 0.5 }), withRule({ max_age_days: 1 })],
    ['E3002', withRule({ op: 'in', rhs: [] }), withRule({ op: 'in', rhs: [1, 2] })],
    [
      'E3002',
      withRule({ op: 'in', lhs: 'suppliers.code', rhs: ['XX'] }),
      withRule({ op: 'in', lhs: 'suppliers.code', rhs: ['DE'] }),
    ],
    [
      'E3002',
      withRule({ op: 'in', lhs: 'suppliers.code', rhs: { exclude_risk: 'low' } }),
      withRule({ op: 'in', lhs: 'suppliers.code', rhs: { exclude_risk: 'high' } }),
    ],
    ['E3002', threshold({ field: 'tier', eq: 1 }, '1.1'), threshold({ field: 'tier', eq: 1 }, '1.0')],
    ['E3002', threshold({ field: 'tier', eq: 1 }, 0.5), threshold({ field: 'tier', eq: 1 }, '0')],
    ['E3002', threshold({ field: 'tier', eq: 1, in: [1] }), threshold({ field: 'tier', in: [1] })],
    ['E3002', threshold({ field: 'tier', in: [] }), threshold({ field: 'tier', in: [2] })],
    ['E3002', bounds(['range_min', 10], ['range_max', 9]), bounds(['range_min', 10], ['range_max', 10])],
    ['E3002', bounds(['range_max', 5], ['range_max', 9], ['range_min', 7]), bounds(['range_max', 5], ['range_max', 9])],
    ['E3002', bounds(['eq', 3], ['range_min', 4]), bounds(['eq', 3], ['range_min', 3])],
    ['E3002', bounds(['eq', 3], ['eq', 4]), bounds(['eq', 3], ['eq', 3])],
    ['E3002', bounds(['in', [1, 9]], ['range_min', 2], ['range_max', 8]), bounds(['in', [1, 9]], ['range_max', 8])],
    ['E3002', bounds(['in', [1, 9]], ['in', [2, 8]]), bounds(['in', [1, 9, 5]], ['in', [2, 5]])],
    [
      'E3002',
      v2({ rules: [rule('a', { op: 'range_min' }), rule('b', { lhs: 'suppliers.count', rhs: 9 })], adaptivity: {} }),
      v2({ rules: [rule('a', { op: 'range_min' }), rule('b', { lhs: 'ubo_count', rhs: 9 })], adaptivity: {} }),
    ],
    ['E2003', threshold({ field: 'tier', eq: 1, or: 2 }), threshold({ field: 'tier', eq: 1 })],
    [
      'E2003',
      withRule({ op: 'threshold', lhs: { list: 'ubos', where: { field: 'name', eq: 'x' }, min: 3 }, rhs: '1' }),
      withRule({ op: 'threshold', lhs: { list: 'ubos', where: { field: 'name', eq: 'x' } }, rhs: '1' }),
    ],
    [
      'W1003',
      withRule({ op: 'in', lhs: 'ubos.code', rhs: { exclude_risk: 'high', unless: 'due_diligence' } }),
      withRule({ op: 'in', lhs: 'suppliers.code', rhs: { exclude_risk: 'high', unless: 'due_diligence' } }),
    ],
    ['W1003', withRule({ max_age_days: 3 }), withRule({ distinct: true, scheme: 'name' })],
    ['W1003', withRule({ scheme: 'name' }), withRule({ distinct: true })],
    [
      'W1003',
      withRule({ op: 'non_membership', lhs: 'suppliers', rhs: 'sanctions_root', unless: 'due_diligence' }),
      withRule({ op: 'non_membership', lhs: 'suppliers', rhs: 'sanctions_root', max_age_days: 3, scheme: 'id' }),
    ],
    [
      'W1003',
      withRule({ op: 'in', lhs: 'suppliers.code', rhs: ['DE'], max_age_days: 3 }),
      withRule({ op: 'in', lhs: 'suppliers.code', rhs: 'jurisdiction_root', max_age_days: 3, unless: 'due_diligence' }),
    ],
    ['W1002', v2({ description: '  ' }), v2({ description: 'x' })],
  ])('%s', (code, has, near) => {
    expect(codes(has)).toContain(code);
    expect(codes(near)).not.toContain(code);
  });

  it('E1002 is an error or, in relaxed mode, a warning; W1002 is never an error; nothing else gets milder', () => {
    const { legal_basis: _basis, ...without } = v2({ description: '' });
    const severities = (mode: 'strict' | 'relaxed') =>
      compilePolicy(without, { lintMode: mode }).lints.map(({ code, severity }) => `${code} ${severity}`);
    expect(severities('strict')).toEqual(['E1002 error', 'W1002 warning']);
    expect(severities('relaxed')).toEqual(['E1002 warning', 'W1002 warning']);
    expect(lintErrors(compilePolicy(withRule({ rhs: -1 }), { lintMode: 'relaxed' }).lints)).toHaveLength(1);
  });

  it('E3002 names the rules that can not hold together', () => {
    expect(lintErrors(compilePolicy(bounds(['range_min', 10], ['range_max', 9])).lints)).toEqual([
      {
        code: 'E3002',
        severity: 'error',
        message: "the bounds of the rules r0, r1 can't all be met by any number of suppliers",
      },
    ]);
  });

  it('of two rules with one id neither can be settled', () => {
    const doubled = v2({ rules: [rule('a'), rule('a', { rhs: 1 }), rule('b')], adaptivity: {} });
    expect(compilePolicy(doubled).rules.map(({ requirement }) => requirement !== null)).toEqual([false, false, true]);
  });

  it('a rule that a lint is about demands nothing, so it stays unproven', () => {
    const { rules, requirements } = compilePolicy(withRule({ op: 'lt' }));
    expect([rules, requirements]).toEqual([[{ rule_id: 'one', requirement: null }], []]);
  });
});
