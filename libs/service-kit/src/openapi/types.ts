import type { OpenAPIObject } from '@nestjs/swagger';

export type JsonSchema = Record<string, unknown>;
export type Content = Record<string, { schema: JsonSchema }>;

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description?: string;
  schema: JsonSchema;
}

export interface Response {
  description: string;
  headers?: Record<string, { description: string; schema: JsonSchema }>;
  content?: Content;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  /** Each object is one way in; none: everybody may call. */
  security: Record<string, string[]>[];
  /** Scopes that some requests need besides, or instead. */
  'x-more-scopes'?: { when: string; scopes: string[]; instead?: true };
  [problem: `x-problem-${string}`]: unknown;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, Response>;
}

/** The part of OpenAPI 3.1 that our documents use: every schema is a JSON Schema, and only schemas are referred to. */
export interface OpenApiDocument extends Omit<OpenAPIObject, 'paths' | 'components'> {
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, JsonSchema>; schemas: Record<string, JsonSchema> };
  /** Every problem code and its status. */
  'x-problems': Record<string, number>;
}
