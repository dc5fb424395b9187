import { getSchemaPath, type StandardSchemaConverter } from '@nestjs/swagger';
import { z } from 'zod';
import type { JsonSchema } from './types.js';

/** Formats that say more than zod's own regular expressions for them. */
const FORMATS: ReadonlySet<unknown> = new Set(['date', 'date-time', 'base64', 'uuid']);

/** A reference to a schema that has a name: `.meta({ id: 'PolicyRecord' })`. */
export const schemaRef = (schema: z.ZodType) => ({ $ref: getSchemaPath(z.globalRegistry.get(schema)!.id!) });

/** Drops what says nothing to a reader. */
function simplify({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  if (FORMATS.has(jsonSchema.format)) delete jsonSchema.pattern;
  if (jsonSchema.format === 'binary') delete jsonSchema.contentEncoding;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/**
 * Makes JSON Schemas of the zod schemas of one document; those with a name become its components. Throws Error for a name that
 * stands for two schemas, or for one that callers write otherwise than they read it.
 */
export function zodConverter(): StandardSchemaConverter {
  const components = new Map<string, string>();
  return (schema, { schemaType }) => {
    if (!(schema instanceof z.ZodType)) return undefined;
    const made = z.toJSONSchema(schema, { io: schemaType, unrepresentable: 'any', override: simplify });
    const { $schema: _draft, $defs = {}, ...root } = made;
    for (const [name, component] of Object.entries($defs)) {
      const text = JSON.stringify(component);
      if ((components.get(name) ?? text) !== text) throw new Error(`two schemas have the name ${name}`);
      components.set(name, text);
    }
    return { schema: root, components: $defs };
  };
}
