import { CapError, type JsonObject, type JsonValue } from '@cap/core';
import { sha3Text, type Digest } from '@cap/crypto';
import { type IdScheme, comparison, defaultIdScheme } from '@cap/lists';
import { firstOf, MAX_POLICY_ID, namesOf, quoted } from './bounds.js';
import { isObject } from './parse.js';
import { requirePlainJson } from './plain-json.js';
import type { Requirement } from './requirement.js';
import { FRACTION, readRule, type Inputs } from './rules.js';
import { parseV1, v1Requirements } from './v1.js';
import { documentText, irRule, irText, normaliseV2, parseV2, type V2Document, type V2Rule } from './v2.js';

export interface Lint {
  code: string;
  severity: 'error' | 'warning';
  message: string;
}
type LintMode = 'strict' | 'relaxed';

/** A policy that bundles can be verified by. */
export interface CompiledPolicy {
  format: 'v1' | 'v2';
  /** v1: the UUID; v2: the policy's own id. */
  id: string;
  version: string;
  /** v1: UUIDv8 of the hash; v2: `id@version`. */
  policy_id: string;
  policy_hash: Digest;
  /** The hash as the policy's own format spells it. */
  policy_hash_text: string;
  /** The normalised document, or the IR it was taken from. */
  document: JsonObject;
  /** What is hashed. */
  canonicalText: string;
  ir: JsonObject;
  ir_hash: string;
  lints: Lint[];
  metadata: JsonObject;
  /** Every rule, in the policy's order; null where no fact can settle it. */
  rules: { rule_id: string; requirement: Requirement | null }[];
  /** The requirements that are not null. */
  requirements: Requirement[];
}

/** Days after which a company's own lists are old, where the policy does not say. */
const COMPANY_LISTS_MAX_AGE_DAYS = 366;

/** `max_age_days` of the inputs that stand for a company's lists, as written. */
function listAges(inputs: JsonValue | undefined): { input: string; days: JsonValue }[] {
  return ['suppliers', 'ubos'].flatMap((input) => {
    const described = isObject(inputs) ? inputs[input] : undefined;
    return isObject(described) && described.max_age_days !== undefined ? [{ input, days: described.max_age_days }] : [];
  });
}

/** Days after which a company's own lists are old: the smallest of what a v2 policy says in its inputs. */
export const companyListsMaxAgeDays = (policy: CompiledPolicy | null): number => {
  const given = listAges(policy?.document.inputs).map(({ days }) => days as number);
  return given.length > 0 ? Math.min(...given) : COMPANY_LISTS_MAX_AGE_DAYS;
};

function lintMaxAge(inputs: JsonValue | undefined): Lint[] {
  return listAges(inputs).flatMap(({ input, days }) =>
    Number.isSafeInteger(days) && (days as number) >= 0
      ? []
      : [
          {
            code: 'E3002',
            severity: 'error',
            message: `inputs.${input}.max_age_days: expected whole days, not ${JSON.stringify(days)}`,
          },
        ],
  );
}

const SHA3_PREFIX = 'sha3-256:';
/** `sha3-256:…` or `0x…` -> `0x…`; null for anything else. */
export function policyHash(text: string): Digest | null {
  const hex = /^(?:0x|sha3-256:)([0-9a-f]{64})$/u.exec(text)?.[1];
  return hex === undefined ? null : `0x${hex}`;
}
const sha3Named = (digest: Digest): string => SHA3_PREFIX + digest.slice(2);

export const lintErrors = (lints: readonly Lint[]): Lint[] => lints.filter(({ severity }) => severity === 'error');

/**
 * Compiles a parsed policy, v1 or v2 (told by its members). Throws CapError `policy.invalid` that names each member that
 * is wrong; lint errors are in the result.
 */
export function compilePolicy(document: JsonValue, options: { lintMode?: LintMode } = {}): CompiledPolicy {
  if (!isObject(document))
    throw new CapError('policy.invalid', 'policy: expected an object with the members of policy v1 or v2');
  requirePlainJson(document, 'policy');
  if ('constraints' in document) return compileV1(document);
  if ('rules' in document) return compileV2(document, options.lintMode ?? 'strict');
  throw new CapError('policy.invalid', 'policy: expected `constraints` (v1) or `rules` (v2)');
}

function compileV1(given: JsonValue): CompiledPolicy {
  const document = parseV1(given);
  const canonicalText = JSON.stringify(document);
  const policy_hash = sha3Text(canonicalText);
  const policy_id = uuidV8(policy_hash);
  const requirements = v1Requirements(document);
  return {
    format: 'v1',
    id: policy_id,
    version: document.version as string,
    policy_id,
    policy_hash,
    policy_hash_text: policy_hash,
    document,
    canonicalText,
    ...irOf(policy_id, policy_hash, requirements.map(v1IrRule)),
    lints: [],
    metadata: { version: document.version!, name: document.name!, created_at: document.created_at! },
    rules: requirements.map((requirement) => ({ rule_id: requirement.rule_id, requirement })),
    requirements,
  };
}

/** A v1 constraint as the v2 rule that means the same. */
function v1IrRule({ rule_id: id, list, need }: Requirement): JsonObject {
  const of = list === 'ubos' ? 'ubo_count' : 'supplier_count';
  const rule = (op: string, lhs: string, rhs: JsonValue) => irRule({ id, op, lhs, rhs } as V2Rule);
  switch (need.kind) {
    case 'count':
      return need.min === undefined ? rule('range_max', of, need.max!) : rule('range_min', of, need.min);
    case 'disjoint':
      return rule('non_membership', list, 'sanctions_root');
    default:
      return rule('in', `${list}.code`, 'jurisdiction_root');
  }
}

/** RFC 9562 UUIDv8 from a hash's first 16 bytes. */
function uuidV8(hash: Digest): string {
  const bytes = Buffer.from(hash.slice(2, 34), 'hex');
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function compileV2(given: JsonValue, mode: LintMode): CompiledPolicy {
  const parsed = parseV2(given);
  const document = normaliseV2(parsed);
  const canonicalText = documentText(document);
  const policy_hash = sha3Text(canonicalText);
  const { id, version, description, legal_basis, adaptivity } = parsed;
  const policy_id = `${id}@${version}`;
  if (policy_id.length > MAX_POLICY_ID)
    throw new CapError('policy.invalid', `id, version: id@version may have at most ${MAX_POLICY_ID} characters`);
  const { rules, lints } = readRules(parsed.rules, new Set(Object.keys(parsed.inputs ?? {})));
  lints.push(...lintMaxAge(parsed.inputs));
  lints.push(...allowUnmatchable(parsed.inputs ?? {}, rules));
  return {
    format: 'v2',
    id,
    version,
    policy_id,
    policy_hash,
    policy_hash_text: sha3Named(policy_hash),
    document,
    canonicalText,
    ...irOf(id, policy_hash, parsed.rules.map(irRule), adaptivity && (document.adaptivity as JsonObject)),
    lints: listed([...activationLints(parsed), ...documentLints(parsed, mode), ...lints]),
    metadata: {
      id,
      version,
      ...(description === undefined ? {} : { description }),
      ...(legal_basis === undefined ? {} : { legal_basis: document.legal_basis! }),
    },
    rules,
    requirements: rules.flatMap(({ requirement }) => requirement ?? []),
  };
}

function irOf(
  policyId: string,
  hash: Digest,
  rules: JsonObject[],
  adaptivity?: JsonObject,
): { ir: JsonObject; ir_hash: string } {
  const body = {
    ir_version: '1.0',
    policy_id: policyId,
    policy_hash: sha3Named(hash),
    rules: [...rules].sort((a, b) => (a.id! < b.id! ? -1 : a.id! > b.id! ? 1 : 0)),
    ...(adaptivity === undefined ? {} : { adaptivity }),
    ir_hash: '',
  };
  const ir_hash = sha3Named(sha3Text(irText(body)));
  return { ir: { ...body, ir_hash }, ir_hash };
}

const error = (code: string, message: string): Lint => ({ code, severity: 'error', message: quoted(message) });

/** All of them, or the first with the errors before the warnings, and a line that says how many are left. */
function listed(lints: readonly Lint[]): Lint[] {
  const { shown, left } = firstOf([...lintErrors(lints), ...lints.filter(({ severity }) => severity === 'warning')]);
  if (left === 0) return [...lints];
  const severity = lintErrors(lints).length > shown.length ? 'error' : 'warning';
  return [...shown, { code: severity === 'error' ? 'E1000' : 'W1000', severity, message: `and ${left} more` }];
}

function readRules(rules: readonly V2Rule[], declared: Inputs) {
  const lints: Lint[] = [];
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of rules) {
    if (seen.has(id)) {
      lints.push(error('E1003', `duplicate rule id ${id}`));
      repeated.add(id);
    }
    seen.add(id);
  }
  const read = rules.map((rule) => {
    const { requirement, lints: found } = readRule(rule, declared);
    lints.push(...found.map(({ code, message }) => error(code, message)));
    if (requirement) lints.push(...idleMembers(rule, requirement), ...unsaidScheme(rule, requirement));
    return { rule_id: rule.id, requirement };
  });
  tellRowsApart(read);
  if (rules.length === 0) lints.push(error('E1004', 'no rules: every company would satisfy this policy'));
  lints.push(...schemeLints(read), ...boundLints(read));
  // Results go by rule id: of two rules with one id the weaker could stand for both, so neither can be settled.
  const single = read.map((rule) => (repeated.has(rule.rule_id) ? { ...rule, requirement: null } : rule));
  return { rules: single, lints };
}

/** A member that a rule of this kind does not read: its author believes that it limits something. */
function idleMembers(rule: V2Rule, { list, need }: Requirement): Lint[] {
  const listed = need.kind === 'disjoint' || (need.kind === 'rows_allowed' && 'exclude_risk' in need.table);
  const read = {
    distinct: need.kind === 'count',
    scheme: need.kind === 'disjoint' || (need.kind === 'count' && need.distinct === true),
    max_age_days: listed,
    unless: need.kind === 'rows_allowed' && list !== 'ubos', // owners have no due_diligence
  };
  const written = {
    ...rule,
    ...(need.kind === 'rows_allowed' && { unless: need.table.unless }), // may also be given in rhs
  };
  return (Object.keys(read) as (keyof typeof read)[])
    .filter((member) => written[member] !== undefined && !read[member])
    .map((member) => ({
      code: 'W1003',
      severity: 'warning',
      message: quoted(`rule ${rule.id}: ${member} has no effect here`),
    }));
}

/** Whoever reads the policy must see what is compared, not have to know the default. */
const unsaidScheme = (rule: V2Rule, { list, need }: Requirement): Lint[] =>
  need.kind === 'disjoint' && rule.scheme === undefined
    ? [
        {
          code: 'W1004',
          severity: 'warning',
          message: quoted(
            `rule ${rule.id}: compares ${list} without a scheme, which means ${need.scheme} (${comparison(need.scheme)}); write "scheme: ${need.scheme}"`,
          ),
        },
      ]
    : [];

const schemeOf = ({ need }: Requirement): IdScheme | undefined => ('scheme' in need ? need.scheme : undefined);

/** `inputs.suppliers.unmatchable_max` and the same of ubos, for the rules that compare these. */
function allowUnmatchable(
  inputs: Readonly<Record<string, JsonValue>>,
  rules: readonly { requirement: Requirement | null }[],
): Lint[] {
  return ['suppliers', 'ubos'].flatMap((list): Lint[] => {
    const input = Object.hasOwn(inputs, list) ? inputs[list]! : null;
    if (!isObject(input) || input.unmatchable_max === undefined) return [];
    const { unmatchable_max } = input;
    if (typeof unmatchable_max !== 'string' || !FRACTION.test(unmatchable_max))
      return [error('E3002', `inputs.${list}.unmatchable_max must be decimal text from "0" to "1"`)];
    for (const { requirement } of rules)
      if (requirement?.list === list && requirement.need.kind === 'disjoint')
        requirement.need.unmatchable_max = unmatchable_max;
    return [];
  });
}

/** A distinct count without a scheme tells rows apart as the other rules over the list compare them. */
function tellRowsApart(rules: { requirement: Requirement | null }[]): void {
  const schemes = new Map<string, IdScheme>();
  for (const { requirement } of rules) {
    const scheme = requirement && schemeOf(requirement);
    if (scheme && !schemes.has(requirement.list)) schemes.set(requirement.list, scheme);
  }
  for (const { requirement } of rules)
    if (requirement?.need.kind === 'count' && requirement.need.distinct)
      requirement.need.scheme ??= schemes.get(requirement.list) ?? defaultIdScheme(requirement.list);
}

/** A list is committed to under one identifier scheme, so rules over it must agree. */
function schemeLints(rules: readonly { requirement: Requirement | null }[]): Lint[] {
  const schemes = new Map<string, Set<string>>();
  for (const { requirement } of rules) {
    const scheme = requirement && schemeOf(requirement);
    if (scheme) schemes.set(requirement.list, (schemes.get(requirement.list) ?? new Set()).add(scheme));
  }
  return [...schemes].flatMap(([list, names]) =>
    names.size > 1
      ? [error('E2004', `rules over ${list} use different identifier schemes: ${[...names].join(', ')}`)]
      : [],
  );
}

/** Bounds on the rows of one list that no number of rows meets: such a policy can only fail, so one of them is wrong. */
function boundLints(rules: readonly { requirement: Requirement | null }[]): Lint[] {
  const counted = rules.flatMap(({ requirement }) =>
    requirement?.need.kind === 'count' ? [{ ...requirement, need: requirement.need }] : [],
  );
  return [...new Set(counted.map(({ list }) => list))].flatMap((list) => {
    const bounds = counted.filter((rule) => rule.list === list);
    const min = bounds.reduce((most, { need }) => Math.max(most, need.min ?? 0), 0);
    const max = bounds.reduce((least, { need }) => Math.min(least, need.max ?? Infinity), Infinity);
    // Allowed numbers are in every list; each list is scanned once.
    let allowed: Set<number> | undefined;
    for (const { need } of bounds)
      if (need.among) allowed = new Set(need.among.filter((n) => n >= min && n <= max && (allowed?.has(n) ?? true)));
    const possible = allowed ? allowed.size > 0 : min <= max;
    const names = namesOf(bounds.map(({ rule_id }) => rule_id));
    return possible
      ? []
      : [error('E3002', `the bounds of the rules ${names} can't all be met by any number of ${list}`)];
  });
}

function activationLints({ adaptivity, rules }: V2Document): Lint[] {
  const known = new Set(rules.map(({ id }) => id));
  return (adaptivity?.activations ?? []).flatMap(({ rule }, i) =>
    known.has(rule) ? [] : [error('E1001', `adaptivity.activations.${i}: unknown rule ${rule}`)],
  );
}

function documentLints({ legal_basis, description }: V2Document, mode: LintMode): Lint[] {
  const lints: Lint[] = [];
  if (!legal_basis || legal_basis.length === 0)
    lints.push({ ...error('E1002', 'no legal_basis'), severity: mode === 'strict' ? 'error' : 'warning' });
  if (!description?.trim()) lints.push({ code: 'W1002', severity: 'warning', message: 'no description' });
  return lints;
}
