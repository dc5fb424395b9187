import { type JsonObject, type JsonValue } from '@cap/crypto';
import { z } from 'zod';
import { policyInvalid } from './fault.js';

/** Values were checked to be plain JSON before they come here. */
const json = z.custom<JsonValue>((value) => value !== undefined, 'expected a value');
const text = z.string().max(10_000);
const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'expected letters, digits, dots, dashes and underscores, at most 128');
const version = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/, 'expected a version such as "1.0.0" (in quotes), at most 64 characters');
const ruleId = z.string().min(1).max(200);
const count = z.int().min(0);

const instant = z
  .string()
  .refine(
    (value) =>
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value)),
    'expected a time as in RFC 3339, such as 2025-11-06T10:00:00Z',
  );

export const policyV1 = z.strictObject({
  version: z.string().regex(/^lksg\.v\d[A-Za-z0-9._-]{0,60}$/, 'expected a version such as lksg.v1'),
  name: text.min(1),
  created_at: instant,
  constraints: z.strictObject({
    require_at_least_one_ubo: z.boolean(),
    supplier_count_max: count,
    ubo_count_min: count.optional(),
    require_statement_roots: z
      .array(z.enum(['sanctions_root', 'jurisdiction_root']))
      .refine((roots) => new Set(roots).size === roots.length, 'one root stands there twice')
      .optional(),
  }),
  notes: text.default(''),
});
export type PolicyV1 = z.infer<typeof policyV1>;

/** Rules of an IR are spelled alike. Which members and operands belong to which operator is not a question of shape. */
export const ruleSchema = z.strictObject({
  id: ruleId,
  op: z.string().max(200),
  lhs: json,
  rhs: json,
  scheme: z.enum(['id', 'name', 'person']).optional(),
  max_age_days: z.number().optional(),
  distinct: z.boolean().optional(),
  unless: z.literal('due_diligence').optional(),
});

export const adaptivitySchema = z.strictObject({
  predicates: z.array(z.strictObject({ id: ruleId, expr: json })).optional(),
  activations: z.array(z.strictObject({ when: ruleId, rules: z.array(ruleId) })).optional(),
});

export const policyV2 = z.strictObject({
  id,
  version,
  legal_basis: z.array(z.strictObject({ directive: text.optional(), article: text.optional() })).optional(),
  description: text.optional(),
  inputs: z.record(z.string(), json).optional(),
  rules: z.array(ruleSchema).max(1_000),
  adaptivity: adaptivitySchema.optional(),
});
export type PolicyV2 = z.infer<typeof policyV2>;

const sha3Name = z.string().regex(/^sha3-256:[0-9a-f]{64}$/, 'expected sha3-256: + 64 lowercase hex digits');

export const irV1 = z.strictObject({
  ir_version: z.literal('1.0'),
  policy_id: z.string().min(1).max(200),
  policy_hash: sha3Name,
  rules: z.array(ruleSchema).max(1_000),
  adaptivity: adaptivitySchema.optional(),
  ir_hash: sha3Name,
});

/** The document in the shape of the schema, or CapError `policy.invalid` that names every member that is not. */
export function shaped<T>(schema: z.ZodType<T>, document: JsonObject, what: string): T {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${[what, ...path].join('.')}: ${message}`);
  throw policyInvalid(faults.slice(0, 20).join('\n'));
}
