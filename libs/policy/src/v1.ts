import { z } from 'zod';
import { CapError, type JsonObject, type JsonValue } from '@cap/core';
import { defaultIdScheme } from '@cap/lists';
import { firstOf, quoted } from './bounds.js';
import type { Requirement } from './requirement.js';

const count = z.int().min(0);
const Document = z.strictObject({
  version: z.string().regex(/^lksg\.v1(\.|$)/u, 'expected lksg.v1 or lksg.v1.…'),
  name: z.string().min(1),
  created_at: z.iso.datetime({ offset: true, error: 'expected an RFC 3339 time' }).regex(/T\d{2}:\d{2}:\d{2}/u, {
    error: 'expected an RFC 3339 time with seconds',
  }),
  constraints: z.strictObject({
    require_at_least_one_ubo: z.boolean(),
    supplier_count_max: count,
    ubo_count_min: count.optional(),
    require_statement_roots: z.array(z.enum(['sanctions_root', 'jurisdiction_root'])).optional(),
  }),
  notes: z.string().default(''),
});

/** The document in the field order that is hashed: absent optionals left out, `notes` always there. */
export function parseV1(document: JsonValue): JsonObject {
  const parsed = Document.safeParse(document);
  if (!parsed.success) throw invalid(parsed.error);
  const { version, name, created_at, constraints, notes } = parsed.data;
  const { require_at_least_one_ubo, supplier_count_max, ubo_count_min, require_statement_roots } = constraints;
  return {
    version,
    name,
    created_at,
    constraints: {
      require_at_least_one_ubo,
      supplier_count_max,
      ...(ubo_count_min === undefined ? {} : { ubo_count_min }),
      ...(require_statement_roots === undefined ? {} : { require_statement_roots }),
    },
    notes,
  };
}

/** Names each member that is wrong, of many the first, as CapError `policy.invalid`. */
export function invalid(error: z.ZodError): CapError {
  const { shown, left } = firstOf(error.issues);
  const places = shown.map(
    ({ path, message }) => `${path.length > 0 ? quoted(path.join('.')) : 'policy'}: ${quoted(message)}`,
  );
  if (left > 0) places.push(`and ${left} more`);
  return new CapError('policy.invalid', places.join('\n'), { details: places });
}

/** v1 maps to the same facts as v2; the rule ids are the names of the constraints. */
export function v1Requirements(document: JsonObject): Requirement[] {
  const constraints = document.constraints as {
    require_at_least_one_ubo: boolean;
    supplier_count_max: number;
    ubo_count_min?: number;
    require_statement_roots?: string[];
  };
  const roots = new Set(constraints.require_statement_roots ?? []);
  const requirements: Requirement[] = [];
  if (constraints.require_at_least_one_ubo)
    requirements.push({ rule_id: 'require_at_least_one_ubo', list: 'ubos', need: { kind: 'count', min: 1 } });
  requirements.push({
    rule_id: 'supplier_count_max',
    list: 'suppliers',
    need: { kind: 'count', max: constraints.supplier_count_max },
  });
  if (constraints.ubo_count_min !== undefined)
    requirements.push({
      rule_id: 'ubo_count_min',
      list: 'ubos',
      need: { kind: 'count', min: constraints.ubo_count_min },
    });
  if (roots.has('sanctions_root'))
    for (const list of ['suppliers', 'ubos'])
      requirements.push({
        rule_id: `sanctions_root.${list}`,
        list,
        need: { kind: 'disjoint', reference_list: 'sanctions', scheme: defaultIdScheme(list) },
      });
  if (roots.has('jurisdiction_root'))
    requirements.push({
      rule_id: 'jurisdiction_root',
      list: 'suppliers',
      need: { kind: 'rows_allowed', table: { exclude_risk: 'high' } },
    });
  return requirements;
}
