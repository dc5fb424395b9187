import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode, isApiCode, retryAfterOf, statusOf } from '@cap/core';
import { VERSION } from '@cap/config';
import { problem, PROBLEM_MEDIA_TYPE } from '@cap/contracts';
import type { z } from 'zod';
import { CLIENT_TOKEN, ACCESS_TOKEN } from '../access/access.decorators.js';
import { schemaRef, zodConverter } from './json-schema.js';
import { takeProblems } from './problems.decorator.js';
import type { OpenApiDocument, Operation, Response } from './types.js';

export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  readonly servers: readonly { url: string; description: string }[];
  /** Name and description of each tag, in the order of the document. */
  readonly tags: Readonly<Record<string, string>>;
  /** Schemas that handlers name by `schemaRef` alone. */
  readonly schemas?: readonly z.ZodType[];
}

const SECURITY_SCHEMES = {
  [ACCESS_TOKEN]: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Access token of the configured issuer; an operation names the scopes that it must carry',
  },
  [CLIENT_TOKEN]: {
    type: 'http',
    scheme: 'bearer',
    description: 'Token of an internal client (registry.tokens); an operation names the clients that may call it',
  },
};

/** The OpenAPI 3.1 document of all controllers of an application. */
export function openApiDocument(app: INestApplication, about: ApiDescription): OpenApiDocument {
  const { title, description, servers, tags } = about;
  const convert = zodConverter();
  const created = SwaggerModule.createDocument(
    app,
    { openapi: '3.1.0', info: { title, version: VERSION } },
    { autoTagControllers: false, standardSchemaConverter: convert },
  );
  // As it is written: without what is undefined, and nothing in it shared with the decorators.
  const { components, paths } = JSON.parse(JSON.stringify(created)) as Pick<OpenApiDocument, 'paths' | 'components'>;
  for (const schema of about.schemas ?? [])
    Object.assign(components.schemas, convert(schema, { schemaType: 'input' })!.components);
  Object.assign(components.schemas, convert(problem, { schemaType: 'output' })!.components);
  const answered = new Set<ErrorCode>();
  for (const [path, operations] of Object.entries(paths))
    for (const [method, operation] of Object.entries(operations))
      for (const code of finish(path, method, operation)) answered.add(code);
  const used = new Set(Object.values(paths).flatMap((operations) => Object.values(operations).flatMap(schemesOf)));
  return {
    openapi: '3.1.0',
    info: {
      title,
      version: VERSION,
      description,
      contact: { name: 'Whoever operates this service' },
      license: LICENSE,
    },
    servers: [...servers],
    tags: Object.entries(tags).map(([name, said]) => ({ name, description: said })),
    paths: inOrder(paths, Object.keys(tags)),
    components: {
      securitySchemes: Object.fromEntries(Object.entries(SECURITY_SCHEMES).filter(([name]) => used.has(name))),
      schemas: components.schemas,
    },
    'x-problems': Object.fromEntries(
      ERROR_CODES.filter((code) => isApiCode(code) || answered.has(code)).map((code) => [code, statusOf(code)]),
    ),
  };
}

/** As the tags are; within one, as the controllers are. */
function inOrder(paths: OpenApiDocument['paths'], tags: readonly string[]): OpenApiDocument['paths'] {
  const place = ([, operations]: [string, Record<string, Operation>]) =>
    tags.indexOf(Object.values(operations)[0]!.tags[0]!);
  return Object.fromEntries(Object.entries(paths).sort((a, b) => place(a) - place(b)));
}

const LICENSE = { name: 'Apache License 2.0', identifier: 'Apache-2.0' };

const schemesOf = ({ security }: Operation): string[] => security.flatMap((way) => Object.keys(way));

/**
 * Adds what the framework does not know (a stable id, that no security means everybody, the problems) and drops what it says
 * twice. Returns the codes of the problems.
 */
function finish(path: string, method: string, operation: Operation): readonly ErrorCode[] {
  operation.operationId = [method, ...path.split(/[/.]/u).filter(Boolean)]
    .map((part) => part.replace(/^\{(\w+)\}$/u, 'by-$1'))
    .join('-');
  operation.security ??= [];
  for (const { description, schema } of operation.parameters)
    if (schema.description === description) delete schema.description;
  const { responses } = operation;
  const problems = takeProblems(operation);
  const byStatus = Map.groupBy(problems, statusOf);
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b))
    responses[status] = withProblems(responses[status], codes);
  return problems;
}

/** One status may be a problem for one request and an answer for another: then it has both kinds of content. */
function withProblems(answer: Response | undefined, codes: readonly ErrorCode[]): Response {
  const problems = codes.join(', ');
  const retried = codes.some((code) => retryAfterOf(code) !== undefined);
  return {
    ...answer,
    description: answer ? `${answer.description}; or ${problems}` : problems,
    ...(retried && { headers: { 'retry-after': { description: 'Seconds', schema: { type: 'string' } } } }),
    content: {
      ...answer?.content,
      [PROBLEM_MEDIA_TYPE]: {
        schema: { allOf: [schemaRef(problem), { properties: { code: { enum: [...codes] } } }] },
      },
    },
  };
}
