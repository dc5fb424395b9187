import { describe, expect, it } from '@jest/globals';
import type { Digest } from '@cap/crypto';
import type { JsonObject, JsonValue } from '@cap/core';
import type { RiskLevel } from '@cap/lists';
import { allowedTable } from './codes.js';
import { compilePolicy, type CompiledPolicy } from './compile.js';
import { evaluateRules } from './evaluate.js';
import type { EvaluationContext, Fact } from './facts.js';

const SANCTIONS: Digest = `0x${'1'.repeat(64)}`;
const OTHER: Digest = `0x${'2'.repeat(64)}`;
const RISKS = new Map<string, RiskLevel>([
  ['DE', 'low'],
  ['TR', 'medium'],
  ['KP', 'high'],
]);
/** As a verifier holds it: both lists, tables computed from the real jurisdictions. */
const context: EvaluationContext = {
  lists: new Map([['sanctions', SANCTIONS]]),
  allowedCodes: (spec, list) => {
    const { codes, table_hash } = allowedTable(spec, RISKS, list);
    return { codes: new Set(codes), table_hash };
  },
  listedIdentifiers: (_, scheme) => ({
    identifiers: new Set(scheme === 'person' ? ['person:bad|1970-01-01'] : ['name:bad|DE']),
    entries: 1,
    usable: 1,
  }),
  idSchemes: new Map(),
};
const bare: EvaluationContext = {
  ...context,
  lists: new Map(),
  allowedCodes: () => null,
  listedIdentifiers: () => null,
};

const v1 = (constraints: JsonObject) =>
  compilePolicy({
    version: 'lksg.v1',
    name: 'n',
    created_at: '2026-01-01T00:00:00Z',
    constraints: { require_at_least_one_ubo: false, supplier_count_max: 3, ...constraints },
  });
const count = (list: string, min?: number, max?: number): Fact => ({
  kind: 'count',
  list,
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
});
const disjoint = (list: string, hash = SANCTIONS, reference_list = 'sanctions'): Fact => ({
  kind: 'disjoint',
  list,
  reference_list,
  hash,
  id_scheme: 'name',
});
const byPerson = (fact: Fact): Fact => ({ ...fact, id_scheme: 'person' }) as Fact;
const tableHash = (...args: Parameters<typeof allowedTable>) => allowedTable(...args).table_hash;
const allowed = (table_hash: Digest, list = 'suppliers'): Fact => ({ kind: 'rows_allowed', list, table_hash });
const opened = (list: string, fields: Record<string, JsonValue>): Fact => ({
  kind: 'disclosed',
  list,
  complete: false,
  rows: [{ index: 0, fields }],
});
const statuses = (policy: CompiledPolicy, facts: Fact[], given = context) =>
  Object.fromEntries(
    evaluateRules(policy, facts, 'proven', given).map(({ rule_id, status }) => [rule_id, status] as const),
  );

const OWNER = v1({ require_at_least_one_ubo: true });
const FEW = v1({});
const TWO = v1({ ubo_count_min: 2 });
const NO_OWNERS = v1({ ubo_count_min: 0 });
const NONE_ALLOWED = v1({ supplier_count_max: 0 });
const CLEAN = v1({ require_statement_roots: ['sanctions_root'] });
const PLACES = v1({ require_statement_roots: ['jurisdiction_root'] });
const BELOW_HIGH = tableHash({ exclude_risk: 'high' }, RISKS);

describe('each constraint of v1', () => {
  it.each<[string, CompiledPolicy, string, Fact[], string]>([
    ['an owner', OWNER, 'require_at_least_one_ubo', [count('ubos', 1)], 'proven'],
    ['no owner', OWNER, 'require_at_least_one_ubo', [count('ubos', undefined, 0)], 'violated'],
    ['owners or none', OWNER, 'require_at_least_one_ubo', [count('ubos', 0, 9)], 'unproven'],
    ['a supplier is no owner', OWNER, 'require_at_least_one_ubo', [count('suppliers', 1)], 'unproven'],
    ['an opened row alone is no count', OWNER, 'require_at_least_one_ubo', [opened('ubos', { name: 'A' })], 'unproven'],

    ['as many suppliers as allowed', FEW, 'supplier_count_max', [count('suppliers', 0, 3)], 'proven'],
    ['one more', FEW, 'supplier_count_max', [count('suppliers', 4)], 'violated'],
    ['perhaps one more', FEW, 'supplier_count_max', [count('suppliers', 0, 4)], 'unproven'],
    ['as few owners', FEW, 'supplier_count_max', [count('ubos', 0, 1)], 'unproven'],
    ['none where none is allowed', NONE_ALLOWED, 'supplier_count_max', [count('suppliers', undefined, 0)], 'proven'],
    ['one where none is allowed', NONE_ALLOWED, 'supplier_count_max', [count('suppliers', 1)], 'violated'],

    ['two owners', TWO, 'ubo_count_min', [count('ubos', 2, 2)], 'proven'],
    ['one owner', TWO, 'ubo_count_min', [count('ubos', 1, 1)], 'violated'],
    ['at least one owner', TWO, 'ubo_count_min', [count('ubos', 1)], 'unproven'],
    ['nobody where nobody is needed', NO_OWNERS, 'ubo_count_min', [count('ubos', undefined, 0)], 'proven'],

    ['suppliers not listed', CLEAN, 'sanctions_root.suppliers', [disjoint('suppliers')], 'proven'],
    ['owners not listed', CLEAN, 'sanctions_root.ubos', [byPerson(disjoint('ubos'))], 'proven'],
    ['owners by name and citizenship only', CLEAN, 'sanctions_root.ubos', [disjoint('ubos')], 'unproven'],
    ['suppliers say nothing of owners', CLEAN, 'sanctions_root.ubos', [disjoint('suppliers')], 'unproven'],
    [
      'not on other contents of the list',
      CLEAN,
      'sanctions_root.suppliers',
      [disjoint('suppliers', OTHER)],
      'unproven',
    ],
    [
      'not on a list of another name',
      CLEAN,
      'sanctions_root.suppliers',
      [disjoint('suppliers', SANCTIONS, 'own')],
      'unproven',
    ],
    [
      'a listed supplier is open',
      CLEAN,
      'sanctions_root.suppliers',
      [opened('suppliers', { name: 'BÄD', jurisdiction: 'DE' })],
      'violated',
    ],
    [
      'a listed owner is open',
      CLEAN,
      'sanctions_root.ubos',
      [opened('ubos', { name: 'Bad', birthdate: '1970-01-01' })],
      'violated',
    ],
    [
      'a listed name, the country not open',
      CLEAN,
      'sanctions_root.suppliers',
      [opened('suppliers', { name: 'Bad' })],
      'unproven',
    ],
    [
      'a listed name in another country',
      CLEAN,
      'sanctions_root.suppliers',
      [opened('suppliers', { name: 'Bad', jurisdiction: 'FR' })],
      'unproven',
    ],

    ['rows in countries below high', PLACES, 'jurisdiction_root', [allowed(BELOW_HIGH)], 'proven'],
    [
      'a table with an exception is another',
      PLACES,
      'jurisdiction_root',
      [allowed(tableHash({ exclude_risk: 'high', unless: 'due_diligence' }, RISKS))],
      'unproven',
    ],
    [
      'a stricter table is another',
      PLACES,
      'jurisdiction_root',
      [allowed(tableHash({ exclude_risk: 'medium' }, RISKS))],
      'unproven',
    ],
    [
      'a table of older levels is another',
      PLACES,
      'jurisdiction_root',
      [allowed(tableHash({ exclude_risk: 'high' }, new Map([...RISKS, ['KP', 'low']])))],
      'unproven',
    ],
    ['owners’ rows', PLACES, 'jurisdiction_root', [allowed(BELOW_HIGH, 'ubos')], 'unproven'],
    [
      'an open row in a high-risk country',
      PLACES,
      'jurisdiction_root',
      [opened('suppliers', { jurisdiction: 'KP', due_diligence: true })],
      'violated',
    ],
    [
      'an open row in a country that nobody rated',
      PLACES,
      'jurisdiction_root',
      [opened('suppliers', { jurisdiction: 'FR' })],
      'violated',
    ],
    [
      'an open row in an allowed country',
      PLACES,
      'jurisdiction_root',
      [opened('suppliers', { jurisdiction: 'TR' })],
      'unproven',
    ],
  ])('%s', (_, policy, rule, facts, status) => {
    expect(statuses(policy, facts)[rule]).toBe(status);
  });

  it('no facts settle none of them, and neither do facts over lists that the verifier lacks', () => {
    const all = v1({
      require_at_least_one_ubo: true,
      ubo_count_min: 2,
      require_statement_roots: ['sanctions_root', 'jurisdiction_root'],
    });
    expect(new Set(Object.values(statuses(all, [])))).toEqual(new Set(['unproven']));
    const facts = [disjoint('suppliers'), disjoint('ubos'), allowed(BELOW_HIGH)];
    expect(new Set(Object.values(statuses(all, facts, bare)))).toEqual(new Set(['unproven']));
    const listed = [opened('suppliers', { name: 'Bad', jurisdiction: 'KP' })];
    expect(new Set(Object.values(statuses(all, listed, bare)))).toEqual(new Set(['unproven']));
  });
});

describe('rows_allowed with unless: due_diligence', () => {
  const excusing = (lhs: string) =>
    compilePolicy({
      id: 'p',
      version: '1',
      legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
      description: 'd',
      rules: [{ id: 'places', op: 'in', lhs, rhs: { exclude_risk: 'high', unless: 'due_diligence' } }],
    });
  const suppliers = excusing('suppliers.code');

  it('needs the table that excuses', () => {
    const excused = tableHash({ exclude_risk: 'high', unless: 'due_diligence' }, RISKS);
    expect(statuses(suppliers, [allowed(excused)]).places).toBe('proven');
    expect(statuses(suppliers, [allowed(BELOW_HIGH)]).places).toBe('unproven');
  });

  it.each<[string, Record<string, JsonValue>, string]>([
    ['high risk without it', { jurisdiction: 'KP', due_diligence: false }, 'violated'],
    ['high risk with it', { jurisdiction: 'KP', due_diligence: true }, 'unproven'],
    ['high risk, it is not open', { jurisdiction: 'KP' }, 'unproven'],
    ['high risk, deep in the chain, with it', { jurisdiction: 'KP', tier: 3, due_diligence: true }, 'unproven'],
    ['high risk, deep in the chain, without it', { jurisdiction: 'KP', tier: 3, due_diligence: false }, 'violated'],
    ['low risk without it', { jurisdiction: 'DE', tier: 1, due_diligence: false }, 'unproven'],
    ['the country is not open', { tier: 1, due_diligence: false }, 'unproven'],
  ])('an open row: %s', (_, fields, status) => {
    expect(statuses(suppliers, [opened('suppliers', fields)]).places).toBe(status);
  });

  it('excuses no owner, who has none', () => {
    const owners = excusing('ubos.code');
    const plain = tableHash({ exclude_risk: 'high' }, RISKS, 'ubos');
    expect(statuses(owners, [allowed(plain, 'ubos')]).places).toBe('proven');
    expect(statuses(owners, [opened('ubos', { citizenship: 'KP' })]).places).toBe('violated');
    expect(statuses(owners, [opened('ubos', { citizenship: 'DE' })]).places).toBe('unproven');
  });
});
