import type { JsonSchema } from '@cap/service-kit';

const INDENT = '  ';
const PLACE = '#/components/schemas/';

/** A JSON Schema as people read shapes: `{ name: string, size?: integer }`. Named schemas are told by their name. */
export function shape(schema: JsonSchema, indent = ''): string {
  const { $ref, anyOf, type, properties, items, additionalProperties } = schema as {
    $ref?: string;
    anyOf?: JsonSchema[];
    type?: string | string[];
    properties?: Record<string, JsonSchema>;
    items?: JsonSchema;
    additionalProperties?: JsonSchema | boolean;
  };
  if ($ref !== undefined) return $ref.slice(PLACE.length);
  if (schema.enum) return (schema.enum as unknown[]).map((value) => JSON.stringify(value)).join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (anyOf) return anyOf.map((one) => shape(one, indent)).join(' | ');
  if (Array.isArray(type)) return type.join(' | ');
  if (type === 'array') return `${shape(items ?? {}, indent)}[]`;
  if (type !== 'object')
    return [type ?? 'any JSON', schema.format && `(${String(schema.format)})`].filter(Boolean).join(' ');
  if (properties && Object.keys(properties).length > 0) return members(schema, properties, indent);
  const inside = typeof additionalProperties === 'object' ? shape(additionalProperties, indent) : 'any JSON';
  return inside === 'any JSON' ? 'object' : `{ [name]: ${inside} }`;
}

function members(schema: JsonSchema, properties: Record<string, JsonSchema>, indent: string): string {
  const required = new Set(schema.required as string[] | undefined);
  const deeper = indent + INDENT;
  const lines = Object.entries(properties).map(([name, member]) => {
    const said = member.description === undefined ? '' : `  // ${String(member.description)}`;
    return `${deeper}${name}${required.has(name) ? '' : '?'}: ${shape(member, deeper)}${said}\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}
