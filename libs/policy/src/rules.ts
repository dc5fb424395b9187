import type { JsonValue } from '@cap/core';
import { countryNumber, defaultIdScheme, type FieldKind, LIST_FIELDS, type ListName, type RiskLevel } from '@cap/lists';
import type { TableSpec } from './codes.js';
import { isObject } from './parse.js';
import type { Requirement } from './requirement.js';
import type { V2Rule } from './v2.js';

/** What a v2 rule demands, or the lints that say why it demands nothing we can verify. */
type ReadRule = { requirement: Requirement | null; lints: { code: string; message: string }[] };

const COUNTS: Readonly<Record<string, string>> = {
  supplier_count: 'suppliers',
  'suppliers.count': 'suppliers',
  ubo_count: 'ubos',
  'ubos.count': 'ubos',
};
const MEMBERS: Readonly<Record<string, string>> = {
  suppliers: 'suppliers',
  supplier_hashes: 'suppliers',
  ubos: 'ubos',
  ubo_hashes: 'ubos',
};
const CODES: Readonly<Record<string, string>> = { 'suppliers.code': 'suppliers', 'ubos.code': 'ubos' };
const text = (value: JsonValue) => typeof value === 'string';
const country = (value: JsonValue) => typeof value === 'string' && countryNumber(value) !== undefined;
/** The values that a field of each kind can have, as far as a rule may name them. */
const VALUES: Readonly<Record<FieldKind, (value: JsonValue) => boolean>> = {
  text,
  country,
  tier: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  boolean: (value) => typeof value === 'boolean',
  date: text,
  risk: text,
};
const isList = (name: string): name is ListName => Object.hasOwn(LIST_FIELDS, name);
const at = (table: Readonly<Record<string, string>>, key: JsonValue): string | undefined =>
  typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;

const OPERATORS = ['range_min', 'range_max', 'eq', 'in', 'non_membership', 'non_intersection', 'threshold'];

/** Names of inputs. */
export type Inputs = Pick<ReadonlySet<string>, 'has'>;

/**
 * Reads one rule. `declared`: the names of the policy's inputs. A rule over a declared input that no fact can be about is
 * allowed and stays unproven; over an undeclared one it is E2003.
 */
export function readRule(rule: V2Rule, declared: Inputs): ReadRule {
  const reader = READERS[rule.op as keyof typeof READERS];
  if (!reader || !OPERATORS.includes(rule.op))
    return lint('E2001', `rule ${rule.id}: operator ${rule.op} is not one of ${OPERATORS.join(', ')}`);
  if (rule.max_age_days !== undefined && !isCount(rule.max_age_days))
    return lint('E3002', `rule ${rule.id}: max_age_days must be an integer from 0`);
  return reader(rule, declared);
}

const lint = (code: string, message: string): ReadRule => ({ requirement: null, lints: [{ code, message }] });
const demand = (rule: V2Rule, list: string, need: Requirement['need']): ReadRule => ({
  requirement: { rule_id: rule.id, list, need },
  lints: [],
});
const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Lints for a left side that names no fact. */
function unknown(rule: V2Rule, declared: Inputs, expected: readonly string[]): ReadRule {
  if (typeof rule.lhs === 'string' && declared.has(rule.lhs)) return { requirement: null, lints: [] };
  const found = typeof rule.lhs === 'string' ? rule.lhs : JSON.stringify(rule.lhs);
  return lint('E2003', `rule ${rule.id}: unknown input ${found.slice(0, 80)}; ${rule.op} takes ${expected.join(', ')}`);
}

function count(rule: V2Rule, declared: Inputs): ReadRule {
  const list = at(COUNTS, rule.lhs);
  if (!list) return unknown(rule, declared, Object.keys(COUNTS));
  if (!isCount(rule.rhs)) return lint('E3002', `rule ${rule.id}: the bound must be an integer from 0`);
  const bounds =
    rule.op === 'range_min'
      ? { min: rule.rhs }
      : rule.op === 'range_max'
        ? { max: rule.rhs }
        : { min: rule.rhs, max: rule.rhs };
  return demand(rule, list, { kind: 'count', ...bounds, ...distinctOf(rule) });
}

const distinctOf = ({ distinct, scheme }: V2Rule) => ({
  ...(distinct !== undefined && { distinct }),
  ...(distinct && scheme !== undefined && { scheme }),
});

function membership(rule: V2Rule, declared: Inputs): ReadRule {
  const codes = at(CODES, rule.lhs);
  if (codes) return allowed(rule, codes);
  const list = at(COUNTS, rule.lhs);
  if (!list) return unknown(rule, declared, [...Object.keys(COUNTS), ...Object.keys(CODES)]);
  if (!Array.isArray(rule.rhs) || rule.rhs.length === 0 || !rule.rhs.every(isCount))
    return lint('E3002', `rule ${rule.id}: expected a list of integers from 0`);
  const among = [...new Set(rule.rhs)].sort((a, b) => a - b);
  return demand(rule, list, { kind: 'count', min: among[0]!, max: among.at(-1)!, among, ...distinctOf(rule) });
}

function allowed(rule: V2Rule, list: string): ReadRule {
  const table = tableOf(rule);
  return table
    ? demand(rule, list, {
        kind: 'rows_allowed',
        table,
        // Explicit countries need no list that could be too old.
        ...('exclude_risk' in table && rule.max_age_days !== undefined ? { max_age_days: rule.max_age_days } : {}),
      })
    : lint(
        'E3002',
        `rule ${rule.id}: expected jurisdiction_root, {exclude_risk: high|medium, unless?: due_diligence}, or country codes`,
      );
}

function tableOf({ rhs, unless }: V2Rule): TableSpec | null {
  const excuse = unless === undefined ? {} : { unless };
  if (rhs === 'jurisdiction_root') return { exclude_risk: 'high', ...excuse };
  if (Array.isArray(rhs)) return countries(rhs, excuse);
  if (!isObject(rhs)) return null;
  const { exclude_risk, countries: named, over, unless: inner, ...rest } = rhs;
  if (Object.keys(rest).length > 0 || (inner !== undefined && inner !== 'due_diligence')) return null;
  if (over !== undefined && over !== 'jurisdiction_root') return null;
  const both = inner === undefined ? excuse : ({ unless: 'due_diligence' } as const);
  if (named !== undefined) return exclude_risk === undefined && Array.isArray(named) ? countries(named, both) : null;
  return exclude_risk === 'high' || exclude_risk === 'medium'
    ? { exclude_risk: exclude_risk as RiskLevel, ...both }
    : null;
}

function countries(named: JsonValue[], excuse: { unless?: 'due_diligence' }): TableSpec | null {
  const known = named.every((code) => typeof code === 'string' && countryNumber(code) !== undefined);
  return known && named.length > 0 ? { countries: [...new Set(named as string[])].sort(), ...excuse } : null;
}

function absence(rule: V2Rule, declared: Inputs): ReadRule {
  const list = at(MEMBERS, rule.lhs);
  if (!list) return unknown(rule, declared, Object.keys(MEMBERS));
  if (typeof rule.rhs !== 'string' || rule.rhs === '')
    return lint('E2003', `rule ${rule.id}: expected sanctions_root or the id of a reference list`);
  return demand(rule, list, {
    kind: 'disjoint',
    reference_list: rule.rhs === 'sanctions_root' ? 'sanctions' : rule.rhs,
    scheme: rule.scheme ?? defaultIdScheme(list),
    ...(rule.max_age_days === undefined ? {} : { max_age_days: rule.max_age_days }),
  });
}

/** Decimal text from 0 to 1. */
export const FRACTION = /^(0(\.\d{1,9})?|1(\.0{1,9})?)$/u;

const others = (value: object, known: readonly string[]) => Object.keys(value).filter((key) => !known.includes(key));

function threshold(rule: V2Rule, declared: Inputs): ReadRule {
  const { lhs, rhs } = rule;
  const where = isObject(lhs) ? lhs.where : undefined;
  if (!isObject(lhs) || typeof lhs.list !== 'string' || !isObject(where) || typeof where.field !== 'string')
    return unknown(rule, declared, ['{list, where: {field, eq or in}}']);
  const surplus = [
    ...others(lhs, ['list', 'where']),
    ...others(where, ['field', 'eq', 'in']).map((key) => `where.${key}`),
  ];
  if (surplus.length > 0) return lint('E2003', `rule ${rule.id}: unknown member of lhs: ${surplus.join(', ')}`);
  const fields = isList(lhs.list) ? LIST_FIELDS[lhs.list] : {};
  if (!Object.hasOwn(fields, where.field))
    return lint('E2003', `rule ${rule.id}: unknown input ${lhs.list}.${where.field}`);
  if ('eq' in where === 'in' in where || ('in' in where && !(Array.isArray(where.in) && where.in.length > 0)))
    return lint('E3002', `rule ${rule.id}: where needs either "eq" or a non-empty list "in"`);
  const wanted = 'eq' in where ? [where.eq!] : (where.in as JsonValue[]);
  if (!wanted.every(VALUES[fields[where.field]!.kind]))
    return lint('E3002', `rule ${rule.id}: where has a value that ${lhs.list}.${where.field} never has`);
  if (typeof rhs !== 'string' || !FRACTION.test(rhs))
    return lint('E3002', `rule ${rule.id}: the fraction must be decimal text from "0" to "1"`);
  const predicate =
    'eq' in where ? { field: where.field, eq: where.eq! } : { field: where.field, in: where.in as JsonValue[] };
  return demand(rule, lhs.list, { kind: 'disclosed', fields: [where.field], where: predicate, fraction: rhs });
}

const READERS = {
  range_min: count,
  range_max: count,
  eq: count,
  in: membership,
  non_membership: absence,
  non_intersection: absence,
  threshold,
} as const;
