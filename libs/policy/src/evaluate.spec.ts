import { describe, expect, it } from '@jest/globals';
import type { Digest } from '@cap/crypto';
import type { JsonObject, JsonValue } from '@cap/core';
import { compilePolicy } from './compile.js';
import { evaluateClaims, evaluateRules } from './evaluate.js';
import type { EvaluationContext, Fact } from './facts.js';

const HASH: Digest = `0x${'1'.repeat(64)}`;
const OTHER: Digest = `0x${'2'.repeat(64)}`;
const DE = 57;
const context: EvaluationContext = {
  lists: new Map([
    ['sanctions', HASH],
    ['own-list', OTHER],
  ]),
  allowedCodes: (spec) =>
    'countries' in spec && spec.countries.includes('AQ') ? null : { codes: new Set([DE]), table_hash: HASH },
  listedIdentifiers: (list, scheme) =>
    list === 'sanctions' && scheme === 'name' ? { identifiers: new Set(['name:bad|DE']), entries: 1, usable: 1 } : null,
  idSchemes: new Map(),
};

const policyOf = (rule: JsonObject) =>
  compilePolicy(
    { id: 'p', version: '1', legal_basis: [], description: 'd', rules: [{ id: 'r', ...rule } as JsonObject] },
    { lintMode: 'relaxed' },
  );
const statusOf = (rule: JsonObject, facts: Fact[]) =>
  evaluateRules(policyOf(rule), facts, 'proven', context)[0]!.status;

const count = (min?: number, max?: number, list = 'suppliers'): Fact => ({
  kind: 'count',
  list,
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
const distinct: Fact = { kind: 'distinct', list: 'suppliers', id_scheme: 'name' };
const disjoint = (more: Partial<Extract<Fact, { kind: 'disjoint' }>> = {}): Fact => ({
  kind: 'disjoint',
  list: 'suppliers',
  reference_list: 'sanctions',
  hash: HASH,
  id_scheme: 'name',
  ...more,
});
const allowed = (table_hash = HASH, list = 'suppliers'): Fact => ({ kind: 'rows_allowed', list, table_hash });
const rows = (all: Record<string, JsonValue>[], complete = false, list = 'suppliers'): Fact => ({
  kind: 'disclosed',
  list,
  complete,
  rows: all.map((fields, index) => ({ index, fields })),
});
const rule = (op: string, lhs: JsonValue, rhs: JsonValue, more: JsonObject = {}): JsonObject => ({
  op,
  lhs,
  rhs,
  ...more,
});
const share = (fraction: string, where: JsonObject = { field: 'tier', eq: 1 }) =>
  rule('threshold', { list: 'suppliers', where }, fraction);

describe('a rule holds only if the facts imply it', () => {
  it.each<[string, JsonObject, Fact[], string]>([
    // range_max
    ['at most 10 of at most 10', rule('range_max', 'supplier_count', 10), [count(undefined, 10)], 'proven'],
    ['at most 10 of at most 11', rule('range_max', 'supplier_count', 10), [count(0, 11)], 'unproven'],
    ['at most 10 of at least 11', rule('range_max', 'supplier_count', 10), [count(11)], 'violated'],
    ['at most 10 of nothing known', rule('range_max', 'supplier_count', 10), [], 'unproven'],
    ['at most 10, facts of the other list', rule('range_max', 'supplier_count', 10), [count(1, 1, 'ubos')], 'unproven'],
    ['two facts together', rule('range_max', 'suppliers.count', 5), [count(0, 9), count(3, 5)], 'proven'],
    ['facts that contradict each other', rule('range_max', 'supplier_count', 10), [count(7), count(0, 5)], 'violated'],
    // range_min
    ['at least 1 of at least 1', rule('range_min', 'ubo_count', 1), [count(1, undefined, 'ubos')], 'proven'],
    ['at least 1 of at most 5', rule('range_min', 'ubos.count', 1), [count(undefined, 5, 'ubos')], 'unproven'],
    ['at least 1 of none', rule('range_min', 'ubo_count', 1), [count(0, 0, 'ubos')], 'violated'],
    ['at least 0 of nothing known', rule('range_min', 'ubo_count', 0), [], 'proven'],
    ['distinct owners wanted', rule('range_min', 'supplier_count', 2, { distinct: true }), [count(2)], 'unproven'],
    [
      'distinct owners shown',
      rule('range_min', 'supplier_count', 2, { distinct: true }),
      [count(2), distinct],
      'proven',
    ],
    [
      'distinct does not excuse',
      rule('range_min', 'supplier_count', 2, { distinct: true }),
      [count(0, 1), distinct],
      'violated',
    ],
    // eq
    ['exactly 3', rule('eq', 'supplier_count', 3), [count(3, 3)], 'proven'],
    ['exactly 3 of 3 or 4', rule('eq', 'supplier_count', 3), [count(3, 4)], 'unproven'],
    ['exactly 3 of 4', rule('eq', 'supplier_count', 3), [count(4, 4)], 'violated'],
    // in
    ['one of 3, 5: 5', rule('in', 'supplier_count', [5, 3]), [count(5, 5)], 'proven'],
    ['one of 3, 5: 4', rule('in', 'supplier_count', [5, 3]), [count(4, 4)], 'violated'],
    ['one of 3, 5: 3 to 5', rule('in', 'supplier_count', [5, 3]), [count(3, 5)], 'unproven'],
    ['one of 3, 4, 5: 3 to 5', rule('in', 'supplier_count', [3, 4, 5, 4]), [count(3, 5)], 'proven'],
    ['one of 3, 5: at least 6', rule('in', 'supplier_count', [5, 3]), [count(6)], 'violated'],
    // non_membership, non_intersection
    ['no row on the list', rule('non_membership', 'suppliers', 'sanctions_root'), [disjoint()], 'proven'],
    ['its other name', rule('non_intersection', 'supplier_hashes', 'sanctions'), [disjoint()], 'proven'],
    [
      'another list’s content',
      rule('non_membership', 'suppliers', 'sanctions_root'),
      [disjoint({ hash: OTHER })],
      'unproven',
    ],
    ['another list’s name', rule('non_membership', 'suppliers', 'own-list'), [disjoint()], 'unproven'],
    [
      'the named list',
      rule('non_membership', 'suppliers', 'own-list'),
      [disjoint({ reference_list: 'own-list', hash: OTHER })],
      'proven',
    ],
    [
      'a list the manifest does not name',
      rule('non_membership', 'suppliers', 'elsewhere'),
      [disjoint({ reference_list: 'elsewhere' })],
      'unproven',
    ],
    ['the other rows', rule('non_membership', 'ubos', 'sanctions_root'), [disjoint()], 'unproven'],
    [
      'by name where persons are wanted',
      rule('non_membership', 'suppliers', 'sanctions_root', { scheme: 'person' }),
      [disjoint()],
      'unproven',
    ],
    [
      'by number where nothing was said',
      rule('non_membership', 'suppliers', 'sanctions_root'),
      [disjoint({ id_scheme: 'id' })],
      'unproven',
    ],
    [
      'owners by name where nothing was said',
      rule('non_membership', 'ubos', 'sanctions_root'),
      [disjoint({ list: 'ubos' })],
      'unproven',
    ],
    [
      'owners as persons where nothing was said',
      rule('non_membership', 'ubos', 'sanctions_root'),
      [disjoint({ list: 'ubos', id_scheme: 'person' })],
      'proven',
    ],
    [
      'different by number where names are to differ',
      rule('range_min', 'supplier_count', 1, { distinct: true }),
      [count(1), { ...distinct, id_scheme: 'id' }],
      'unproven',
    ],
    [
      'different by number where numbers are to differ',
      rule('range_min', 'supplier_count', 1, { distinct: true, scheme: 'id' }),
      [count(1), { ...distinct, id_scheme: 'id' }],
      'proven',
    ],
    [
      'by the wanted scheme',
      rule('non_membership', 'suppliers', 'sanctions_root', { scheme: 'name' }),
      [disjoint()],
      'proven',
    ],
    [
      'an opened row that is listed',
      rule('non_membership', 'suppliers', 'sanctions_root'),
      [disjoint(), rows([{ name: 'Bad', jurisdiction: 'DE' }])],
      'violated',
    ],
    [
      'an opened row that is not',
      rule('non_membership', 'suppliers', 'sanctions_root'),
      [rows([{ name: 'Good', jurisdiction: 'DE' }])],
      'unproven',
    ],
    // in over codes
    ['every row allowed', rule('in', 'suppliers.code', 'jurisdiction_root'), [allowed()], 'proven'],
    ['allowed by another table', rule('in', 'suppliers.code', { exclude_risk: 'high' }), [allowed(OTHER)], 'unproven'],
    ['the other list’s rows allowed', rule('in', 'ubos.code', ['DE']), [allowed()], 'unproven'],
    ['a table that is not at hand', rule('in', 'suppliers.code', ['AQ']), [allowed()], 'unproven'],
    [
      'an opened row in a forbidden country',
      rule('in', 'suppliers.code', ['DE']),
      [rows([{ jurisdiction: 'KP' }])],
      'violated',
    ],
    [
      'an opened row in an allowed country',
      rule('in', 'suppliers.code', ['DE']),
      [rows([{ jurisdiction: 'DE', tier: 1 }])],
      'unproven',
    ],
    ['a row whose country is not opened', rule('in', 'suppliers.code', ['DE']), [rows([{ tier: 1 }])], 'unproven'],
    // threshold
    ['half of 4', share('0.5'), [count(undefined, 4), rows([{ tier: 1 }, { tier: 1 }])], 'proven'],
    ['just under half', share('0.500000001'), [count(undefined, 4), rows([{ tier: 1 }, { tier: 1 }])], 'unproven'],
    [
      'rows that are not shown count against it',
      share('0.5'),
      [count(undefined, 5), rows([{ tier: 1 }, { tier: 1 }])],
      'unproven',
    ],
    [
      'all rows shown, too few match',
      share('0.5'),
      [count(undefined, 3), rows([{ tier: 1 }, { tier: 2 }, { tier: 3 }], true)],
      'violated',
    ],
    [
      'two of five fail: the other three may match',
      share('0.6'),
      [count(0, 5), rows([{ tier: 2 }, { tier: 3 }])],
      'unproven',
    ],
    [
      'two of four fail: no others can lift it',
      share('0.6'),
      [count(0, 4), rows([{ tier: 2 }, { tier: 3 }])],
      'violated',
    ],
    [
      'rows that do not show the field fail nothing',
      share('1'),
      [count(0, 1), rows([{ name: 'A' }], true)],
      'unproven',
    ],
    ['one of three is a third', share('0.333333333'), [count(0, 3), rows([{ tier: 1 }])], 'proven'],
    ['but not a little more', share('0.333333334'), [count(0, 3), rows([{ tier: 1 }])], 'unproven'],
    [
      'a row shown twice counts once',
      share('0.5'),
      [count(undefined, 3), rows([{ tier: 1 }]), rows([{ tier: 1 }])],
      'unproven',
    ],
    ['no number of rows', share('0.1'), [rows([{ tier: 1 }])], 'unproven'],
    ['a share of 0', share('0'), [count(undefined, 3)], 'proven'],
    ['all of them', share('1.0'), [count(undefined, 2), rows([{ tier: 1 }, { tier: 1 }])], 'proven'],
    ['of an empty list', share('1'), [count(undefined, 0)], 'proven'],
    [
      'one of several values',
      share('1', { field: 'jurisdiction', in: ['DE', 'FR'] }),
      [count(undefined, 2), rows([{ jurisdiction: 'FR' }, { jurisdiction: 'DE' }])],
      'proven',
    ],
    [
      'a value of another type',
      share('1', { field: 'due_diligence', eq: true }),
      [count(undefined, 1), rows([{ due_diligence: 'true' }])],
      'violated',
    ],
    [
      'an opened row in what is no country',
      rule('in', 'suppliers.code', ['DE']),
      [allowed(), rows([{ jurisdiction: 'XX' }])],
      'violated',
    ],
    // anything else
    ['a declared input that no fact is about', rule('range_max', 'audits', 3), [count(1, 1)], 'unproven'],
  ])('%s', (_, asked, facts, status) => {
    expect(statusOf(asked, facts)).toBe(status);
  });

  it('a row is forbidden only if no value of its unopened fields could excuse it', () => {
    const excused: EvaluationContext = {
      ...context,
      allowedCodes: () => ({ codes: new Set([DE, DE + 2 ** 16]), table_hash: HASH }),
    };
    const asked = policyOf(rule('in', 'suppliers.code', ['DE']));
    const judged = (fields: Record<string, JsonValue>) =>
      evaluateRules(asked, [rows([fields])], 'disclosed', excused)[0]!.status;
    expect(judged({ jurisdiction: 'DE', tier: 2, due_diligence: false })).toBe('violated');
    expect(judged({ jurisdiction: 'DE', due_diligence: true })).toBe('unproven');
    expect(judged({ jurisdiction: 'DE', tier: 2 })).toBe('violated');
    expect(judged({ jurisdiction: 'FR' })).toBe('violated');
  });
});

describe('every rule is reported', () => {
  const policy = compilePolicy({
    version: 'lksg.v1',
    name: 'n',
    created_at: '2026-01-01T00:00:00Z',
    constraints: {
      require_at_least_one_ubo: true,
      supplier_count_max: 3,
      ubo_count_min: 2,
      require_statement_roots: ['sanctions_root', 'jurisdiction_root'],
    },
  });
  const ids = policy.rules.map(({ rule_id }) => rule_id);

  it('once, in the policy’s order, with the fact that settles it and the strength of the proof', () => {
    const facts = [count(1, 3), count(2, 2, 'ubos'), disjoint(), allowed()];
    for (const strength of ['proven', 'disclosed', 'claimed'] as const) {
      const results = evaluateRules(policy, facts, strength, context);
      expect(results.map(({ rule_id }) => rule_id)).toEqual(ids);
      expect(results.map(({ status }) => status)).toEqual([
        strength,
        strength,
        strength,
        strength,
        'unproven',
        strength,
      ]);
      expect(results[1]!.fact).toEqual({ kind: 'count', list: 'suppliers', min: 1, max: 3 });
      expect(results[3]!.fact).toEqual({
        kind: 'disjoint',
        list: 'suppliers',
        reference_list: 'sanctions',
        hash: HASH,
        id_scheme: 'name',
      });
      expect(results[4]!.fact).toBeNull();
      expect(results[5]!.fact).toEqual({ kind: 'rows_allowed', list: 'suppliers', table_hash: HASH });
    }
  });

  it('and never repeats a row', () => {
    const opened = rows([{ name: 'Bad', jurisdiction: 'DE' }]);
    expect(JSON.stringify(evaluateRules(policy, [opened], 'disclosed', context))).not.toContain('Bad');
  });

  it('as claimed where the prover says so, violated where it says the contrary, unproven where it says nothing', () => {
    const claims = [
      { rule_id: 'supplier_count_max', ok: true },
      { rule_id: 'ubo_count_min', ok: false },
      { rule_id: 'jurisdiction_root', ok: true },
      { rule_id: 'jurisdiction_root', ok: false },
      { rule_id: 'constructor', ok: true },
    ];
    expect(
      Object.fromEntries(evaluateClaims(policy, claims, context).map(({ rule_id, status }) => [rule_id, status])),
    ).toEqual({
      require_at_least_one_ubo: 'unproven',
      supplier_count_max: 'claimed',
      ubo_count_min: 'violated',
      'sanctions_root.suppliers': 'unproven',
      'sanctions_root.ubos': 'unproven',
      jurisdiction_root: 'violated',
    });
  });
});

describe('a rule that nobody can settle from this commitment or this list says why', () => {
  const policy = policyOf(rule('non_membership', 'suppliers', 'sanctions_root'));
  const of = (given: Partial<EvaluationContext>) => ({ ...context, ...given });
  const byNumber = of({ idSchemes: new Map([['suppliers', 'id']]) });
  const mute = of({ listedIdentifiers: () => ({ identifiers: new Set<string>(), entries: 3, usable: 0 }) });
  const claims = [{ rule_id: 'r', ok: true }];

  it.each([
    ['committed by number', byNumber, 'commitment to suppliers is by id', 'nach Kennung festgelegt'],
    ['no entry can match', mute, 'No entry of the list sanctions', 'Kein Eintrag der Liste sanctions'],
  ])('%s', (_, given, en, de) => {
    for (const result of [
      evaluateRules(policy, [disjoint()], 'proven', given)[0]!,
      evaluateRules(policy, [disjoint({ id_scheme: 'id' })], 'proven', given)[0]!,
      evaluateClaims(policy, claims, given)[0]!,
    ]) {
      expect(result).toMatchObject({ rule_id: 'r', status: 'unproven', fact: null });
      expect(result.message!.en).toContain(en);
      expect(result.message!.de).toContain(de);
    }
  });

  it('and an opened row that is listed breaks it whatever the list is committed by', () => {
    const opened = rows([{ name: 'Bad', jurisdiction: 'DE', id: '7' }]);
    expect(evaluateRules(policy, [opened], 'disclosed', byNumber)[0]!.status).toBe('violated');
  });

  it('a rule that only counts is not in the way', () => {
    const counting = policyOf(rule('range_max', 'supplier_count', 3));
    expect(evaluateRules(counting, [count(1, 3)], 'proven', byNumber)[0]).not.toHaveProperty('message');
    expect(evaluateClaims(counting, claims, byNumber)[0]!.status).toBe('claimed');
  });
});
