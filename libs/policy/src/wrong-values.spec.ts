import { describe, expect, it } from '@jest/globals';
import { isCapError, type JsonObject, type JsonValue } from '@cap/core';
import { compilePolicy } from './compile.js';
import { parsePolicyText } from './parse.js';

const V1: JsonObject = {
  version: 'lksg.v1',
  name: 'n',
  created_at: '2026-01-01T00:00:00Z',
  constraints: {
    require_at_least_one_ubo: true,
    supplier_count_max: 10,
    ubo_count_min: 1,
    require_statement_roots: ['sanctions_root', 'jurisdiction_root'],
  },
  notes: 'n',
};
const share = (id: string, list: string, where: JsonObject): JsonObject => ({
  id,
  op: 'threshold',
  lhs: { list, where },
  rhs: '0.5',
});
const V2: JsonObject = {
  id: 'p',
  version: '1',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'd',
  inputs: { zone: 1 },
  rules: [
    { id: 'max', op: 'range_max', lhs: 'supplier_count', rhs: 1, distinct: true },
    { id: 'in', op: 'in', lhs: 'ubo_count', rhs: [1, 2] },
    {
      id: 'risk',
      op: 'in',
      lhs: 'suppliers.code',
      rhs: { exclude_risk: 'high', over: 'jurisdiction_root', unless: 'due_diligence' },
      max_age_days: 3,
    },
    { id: 'countries', op: 'in', lhs: 'ubos.code', rhs: ['DE'] },
    { id: 'named', op: 'in', lhs: 'suppliers.code', rhs: { countries: ['DE'] }, unless: 'due_diligence' },
    { id: 'absent', op: 'non_membership', lhs: 'ubos', rhs: 'sanctions_root', scheme: 'person', max_age_days: 3 },
    share('tier', 'suppliers', { field: 'tier', eq: 1 }),
    share('tiers', 'suppliers', { field: 'tier', in: [1] }),
    share('care', 'suppliers', { field: 'due_diligence', eq: true }),
    share('home', 'ubos', { field: 'citizenship', in: ['DE'] }),
    share('audited', 'suppliers', { field: 'audit_date', eq: '2026-01-01' }),
  ],
  adaptivity: { activations: [{ rule: 'max' }] },
};
const OTHERS: JsonValue[] = [null, [], {}, 'x', -1, 1.5];

type Path = (string | number)[];
const paths = (value: JsonValue, path: Path = []): Path[] => [
  ...(path.length > 0 ? [path] : []),
  ...(value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, member]) => paths(member, [...path, key]))
    : []),
];
function replaced(value: JsonValue, [head, ...rest]: Path, by: JsonValue): JsonValue {
  if (head === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as JsonObject) }) as Record<string, JsonValue>;
  copy[head] = replaced(copy[head]!, rest, by);
  return copy as JsonValue;
}

/** What becomes of the document: null if it is free of faults, else the place or rule that the fault is about. */
function faultOf(document: JsonValue): string | null {
  const text = Buffer.from(JSON.stringify(document));
  try {
    return compilePolicy(parsePolicyText(text, 'p.json')).lints.map(({ message }) => message)[0] ?? null;
  } catch (error) {
    expect(isCapError(error) && error.code).toBe('policy.invalid');
    return (error as Error).message;
  }
}
/** Member by member: which of the other values may stand there without a word. */
function accepted(document: JsonObject): Record<string, JsonValue[]> {
  const places: Record<string, JsonValue[]> = {};
  for (const path of paths(document))
    for (const other of OTHERS)
      if (faultOf(replaced(document, path, other)) === null) (places[path.join('.')] ??= []).push(other);
  return places;
}

describe('a value of another kind is told, wherever it stands', () => {
  it('the whole documents are free of faults', () => {
    expect([faultOf(V1), faultOf(V2)]).toEqual([null, null]);
  });

  it('in v1 but for free text and a list that may be empty', () => {
    expect(accepted(V1)).toEqual({ name: ['x'], notes: ['x'], 'constraints.require_statement_roots': [[]] });
  });

  it('in v2 but for free text, names, and what no rule reads', () => {
    const ids = Object.fromEntries((V2.rules as JsonObject[]).slice(1).map((_, i) => [`rules.${i + 1}.id`, ['x']]));
    expect(accepted(V2)).toEqual({
      id: ['x'],
      version: ['x'],
      'legal_basis.0.directive': ['x'],
      'legal_basis.0.article': ['x'],
      description: ['x'],
      inputs: [{}],
      'inputs.zone': OTHERS,
      ...ids,
      'rules.5.rhs': ['x'], // the id of a reference list
      'rules.10.lhs.where.eq': ['x'], // any text
      adaptivity: [{}],
      'adaptivity.activations': [[]],
    });
  });

  it.each([
    ...paths(V1).map((path): [string, JsonObject, Path] => [`v1 ${path.join('.')}`, V1, path]),
    ...paths(V2).map((path): [string, JsonObject, Path] => [`v2 ${path.join('.')}`, V2, path]),
  ])('%s: the fault names the place or the rule', (_, document, path) => {
    const rule = path[0] === 'rules' && path.length > 1 ? (V2.rules as JsonObject[])[Number(path[1])] : undefined;
    const places = [
      path.join('.'),
      ...(rule ? [`rule ${rule.id as string}: `] : []),
      'adaptivity.activations.0: unknown rule ', // either name was changed
    ];
    for (const other of OTHERS) {
      const fault = faultOf(replaced(document, path, other));
      if (fault !== null) expect([fault, places.some((place) => fault.includes(place))]).toEqual([fault, true]);
    }
  });
});

describe('a threshold over a value that the field never has', () => {
  const codes = (list: string, where: JsonObject) =>
    compilePolicy({ ...V2, rules: [share('max', list, where)] }).lints.map(({ code }) => code);

  it.each<[string, string, JsonValue, JsonValue]>([
    ['suppliers', 'tier', '1', 1],
    ['suppliers', 'tier', 0, 2],
    ['suppliers', 'due_diligence', 'true', true],
    ['suppliers', 'due_diligence', null, false],
    ['suppliers', 'jurisdiction', 'de', 'DE'],
    ['suppliers', 'jurisdiction', 'XX', 'AX'],
    ['suppliers', 'name', ['A'], 'A'],
    ['suppliers', 'id', 7, '7'],
    ['ubos', 'citizenship', 49, 'DE'],
    ['ubos', 'birthdate', 1970, '1970-01-31'],
  ])('%s.%s: %j is told, %j is not', (list, field, never, perhaps) => {
    expect(codes(list, { field, eq: never })).toEqual(['E3002']);
    expect(codes(list, { field, in: [perhaps, never] })).toEqual(['E3002']);
    expect(codes(list, { field, eq: perhaps })).toEqual([]);
    expect(codes(list, { field, in: [perhaps] })).toEqual([]);
  });

  it.each([
    ['ubos', 'tier'],
    ['suppliers', 'birthdate'],
    ['suppliers', 'constructor'],
    ['constructor', 'name'],
    ['toString', 'name'],
  ])('%s.%s is no field', (list, field) => {
    expect(codes(list, { field, eq: 'x' })).toEqual(['E2003']);
  });
});
