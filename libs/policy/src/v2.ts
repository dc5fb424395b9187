import { z } from 'zod';
import { jcs, jcsText, type JsonObject, type JsonValue } from '@cap/core';
import { invalid } from './v1.js';

const json = z.json() as z.ZodType<JsonValue>;
const Rule = z.strictObject({
  id: z.string().min(1),
  op: z.string().min(1),
  lhs: json,
  rhs: json,
  scheme: z.enum(['id', 'name', 'person']).optional(),
  max_age_days: z.number().optional(),
  distinct: z.boolean().optional(),
  unless: z.literal('due_diligence').optional(),
});
export type V2Rule = z.infer<typeof Rule>;

const Adaptivity = z.looseObject({
  activations: z.array(z.looseObject({ rule: z.string().min(1) })).optional(),
});
const Document = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/u, 'expected letters, digits, dot, dash, underscore')
    // Policies are also looked up by hash and by UUID: nobody may give his policy the name of another one.
    .refine(
      (id) => !/^(0x[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/iu.test(id),
      'looks like a hash or a UUID, which an id must not',
    ),
  version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/u, 'expected letters, digits, dot, dash, plus, underscore'),
  legal_basis: z.array(z.strictObject({ directive: z.string().min(1), article: z.string().min(1) })).optional(),
  description: z.string().optional(),
  inputs: z.record(z.string(), json).optional(),
  rules: z.array(Rule),
  adaptivity: Adaptivity.optional(),
});
export type V2Document = z.infer<typeof Document>;

function parsed<T>(schema: z.ZodType<T>, value: JsonValue): T {
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(result.error);
  return result.data;
}

export const parseV2 = (document: JsonValue): V2Document => parsed(Document, document);

const RULE_KEYS = ['id', 'op', 'lhs', 'rhs', 'scheme', 'max_age_days', 'distinct', 'unless'] as const;
const BASIS_KEYS = ['directive', 'article'] as const;
const IR_KEYS = ['ir_version', 'policy_id', 'policy_hash', 'rules', 'adaptivity', 'ir_hash'] as const;
const DOCUMENT_KEYS = ['id', 'version', 'legal_basis', 'description', 'inputs', 'rules', 'adaptivity'] as const;

/** Keeps exactly the keys that are written, in the format's order. */
const inOrder = (value: object, keys: readonly string[]): JsonObject =>
  Object.fromEntries(keys.flatMap((key) => (key in value ? [[key, (value as JsonObject)[key]!]] : []))) as JsonObject;

/** Maps are sorted by key at every depth, so that any key order gives one hash. */
const sorted = (value: JsonValue): JsonValue => JSON.parse(jcs(value).toString('utf8')) as JsonValue;

const sortRule = (rule: V2Rule): JsonObject =>
  inOrder({ ...rule, lhs: sorted(rule.lhs), rhs: sorted(rule.rhs) }, RULE_KEYS);

/** The document with its members in the format's order. */
export const normaliseV2 = (document: V2Document): JsonObject =>
  inOrder(
    {
      ...document,
      ...(document.legal_basis && {
        legal_basis: document.legal_basis.map((basis) => inOrder(basis, BASIS_KEYS)),
      }),
      ...(document.inputs && { inputs: sorted(document.inputs) }),
      rules: document.rules.map(sortRule),
      ...(document.adaptivity && { adaptivity: sorted(document.adaptivity as JsonValue) }),
    },
    DOCUMENT_KEYS,
  );

/**
 * Compact JSON in the format's order, maps sorted by name. Made as text: as objects, JavaScript would put names like "10"
 * before all others.
 */
function compactText(value: JsonObject, keys: readonly string[]): string {
  const members = keys.flatMap((key) => (key in value ? [`"${key}":${memberText(key, value[key]!)}`] : []));
  return `{${members.join(',')}}`;
}
function memberText(key: string, member: JsonValue): string {
  const order = key === 'rules' ? RULE_KEYS : key === 'legal_basis' ? BASIS_KEYS : null;
  return order === null
    ? jcsText(member)
    : `[${(member as JsonObject[]).map((item) => compactText(item, order)).join(',')}]`;
}

/** What is hashed as policy_hash. */
export const documentText = (document: JsonObject): string => compactText(document, DOCUMENT_KEYS);
/** What is hashed as ir_hash, once ir_hash is "". */
export const irText = (ir: JsonObject): string => compactText(ir, IR_KEYS);

const asVariable = (operand: JsonValue): JsonValue => (typeof operand === 'string' ? { var: operand } : operand);

/** A rule as the IR spells it: only a top-level string operand becomes {"var": …}. */
export const irRule = (rule: V2Rule): JsonObject =>
  sortRule({ ...rule, lhs: asVariable(rule.lhs), rhs: asVariable(rule.rhs) });
