import { VERSION } from '@cap/config';
import {
  entryPage,
  entryRecord,
  listPage,
  listRecord,
  listRequest,
  listStored,
  policyPage,
  policyRecord,
  policySummary,
  problem,
  PROBLEM_MEDIA_TYPE,
} from '@cap/contracts';
import { type ProblemCode, PROBLEMS, RETRIED } from '@cap/service-kit';
import { z } from 'zod';
import { compiledV1, compiledV2, compileV2Request, policyV1, policyV2, statusRequest } from '../policy/schemas.js';
import { uploaded, uploadForm } from '../upload/schemas.js';
import { report, verdictAnswer } from '../verify/answers.js';
import { verifyRequest } from '../verify/schemas.js';
import { health, readiness } from './operation-schemas.js';
import { type Answer, type Group, GROUPS, problemsOf, type Route } from './route.js';
import { ROUTES } from './routes.js';

export type Schema = Record<string, unknown>;
interface Body {
  content: Record<string, { schema: Schema }>;
}
export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: Schema;
}
export interface Response extends Partial<Body> {
  description: string;
  headers?: Record<string, { description: string; schema: Schema }>;
}
export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  /** Each object is one way in. */
  security: Record<string, string[]>[];
  /** Scopes that some requests need besides, or instead. */
  'x-more-scopes'?: { when: string; scopes: string[]; instead?: true };
  parameters?: Parameter[];
  requestBody?: Body & { required: true };
  responses: Record<string, Response>;
}
export interface OpenApiDocument {
  openapi: string;
  info: {
    title: string;
    version: string;
    description: string;
    contact: { name: string };
    license: { name: string; identifier: string };
  };
  servers: { url: string; description: string }[];
  tags: { name: Group; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, Schema>; schemas: Record<string, Schema> };
  /** Every problem code and its status. */
  'x-problems': Record<string, number>;
}

/** Schemas that have a name of their own: what is sent, and what is answered. */
const SENT = {
  VerifyRequest: verifyRequest,
  UploadForm: uploadForm,
  PolicyV1: policyV1,
  PolicyV2CompileRequest: compileV2Request,
  PolicyStatusRequest: statusRequest,
  ListRequest: listRequest,
};
const ANSWERED = {
  Verdict: verdictAnswer,
  Report: report,
  Upload: uploaded,
  PolicyV1Compiled: compiledV1,
  PolicyV2Compiled: compiledV2,
  PolicyV2: policyV2,
  PolicyRecord: policyRecord,
  PolicySummary: policySummary,
  PolicyPage: policyPage,
  ListRecord: listRecord,
  ListStored: listStored,
  ListPage: listPage,
  EntryRecord: entryRecord,
  EntryPage: entryPage,
  Health: health,
  Readiness: readiness,
  Problem: problem,
};

const PLACE = '#/components/schemas/';
const SCHEME = 'token';
const NAMES = new Map<z.ZodType, string>(
  Object.entries({ ...SENT, ...ANSWERED }).map(([name, schema]) => [schema, name]),
);

const DESCRIPTION = [
  'Judges bundles of the Confidential Assurance Protocol and says why, check by check.',
  'Errors are application/problem+json (RFC 9457) with a stable `code`, whatever Accept says; every answer has the header X-Request-Id.',
  'Before a route is known a request can also be refused with 400 request.schema, 404 route.unknown, 405 method.not-allowed, 408 timeout, 417 request.schema and 431 request.too-large.',
  'Under an Idempotency-Key a write is carried out once: for 24 h the same request gets the first success again.',
].join(' ');

/** JSON Schema of what a caller writes (`input`) or reads (`output`), without what says nothing. */
const options = (io: 'input' | 'output') => ({
  io,
  // Any JSON: what is inside is none of this API's business.
  unrepresentable: 'any' as const,
  override: ({ jsonSchema }: { jsonSchema: Schema }) => {
    if (['date', 'date-time', 'base64', 'uuid'].includes(String(jsonSchema.format))) delete jsonSchema.pattern;
    if (jsonSchema.format === 'binary') delete jsonSchema.contentEncoding;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  },
});

function named(schemas: Record<string, z.ZodType>, io: 'input' | 'output'): Record<string, Schema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { ...options(io), uri: (id) => PLACE + id, metadata: z.globalRegistry });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, bare(schema as Schema)]));
}

const bare = ({ $schema: _draft, $id: _id, ...schema }: Schema): Schema => schema;

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const name = NAMES.get(schema);
  return name === undefined ? bare(z.toJSONSchema(schema, options(io)) as Schema) : { $ref: PLACE + name };
}

const contentOf = (content: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Body['content'] =>
  Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema: schemaOf(schema, io) }]));

function parameter(place: Parameter['in'], name: string, given: Schema, required: boolean): Parameter {
  const { description, ...schema } = given;
  return { name, in: place, required, ...(description === undefined ? {} : { description: `${description}` }), schema };
}

function parametersOf({ params = {}, query, headers = {} }: Route): Parameter[] {
  const { properties = {}, required = [] } = query
    ? (z.toJSONSchema(query, options('input')) as { properties?: Record<string, Schema>; required?: string[] })
    : {};
  return [
    ...Object.entries(params).map(([name, schema]) => parameter('path', name, schemaOf(schema, 'input'), true)),
    ...Object.entries(properties).map(([name, schema]) => parameter('query', name, schema, required.includes(name))),
    ...Object.entries(headers).map(([name, schema]) => parameter('header', name, schemaOf(schema, 'input'), false)),
  ];
}

function answerOf({ description, content, headers }: Answer): Response {
  return {
    description,
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, says]) => [name, { description: says, schema: { type: 'string' } }]),
      ),
    }),
    ...(content && { content: contentOf(content, 'output') }),
  };
}

function problemOf(codes: readonly ProblemCode[]): Response {
  const retry = codes.some((code) => RETRIED.has(code));
  return {
    description: codes.join(', '),
    ...(retry && { headers: { 'retry-after': { description: 'Seconds', schema: { type: 'string' } } } }),
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: { allOf: [{ $ref: `${PLACE}Problem` }, { properties: { code: { enum: codes } } }] },
      },
    },
  };
}

/** One status may be a problem for one request and an answer for another: then it has both kinds of content. */
function responsesOf(route: Route): Record<string, Response> {
  const responses: Record<string, Response> = {};
  for (const [status, answer] of Object.entries(route.answers)) responses[status] = answerOf(answer);
  const byStatus = Map.groupBy(problemsOf(route), (code) => PROBLEMS[code]);
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    const refused = problemOf(codes);
    const answer = responses[status];
    responses[status] = answer
      ? {
          ...answer,
          description: `${answer.description}; or ${refused.description}`,
          content: { ...answer.content, ...refused.content },
        }
      : refused;
  }
  return responses;
}

const operationId = ({ method, path }: Route): string =>
  [method, ...path.split(/[/.]/u).filter(Boolean)].map((part) => part.replace(':', 'by-')).join('-');

/** Each a set of scopes that opens the route for some request. */
const waysIn = ({ scopes, moreScopes }: Route): (readonly string[])[] =>
  scopes ? [scopes, ...(moreScopes?.instead ? [moreScopes.scopes] : [])] : [];

function operationOf(route: Route): Operation {
  const { group, summary, description, moreScopes, body } = route;
  const parameters = parametersOf(route);
  return {
    operationId: operationId(route),
    tags: [group],
    summary,
    ...(description === undefined ? {} : { description }),
    security: waysIn(route).map((way) => ({ [SCHEME]: [...way] })),
    ...(moreScopes && { 'x-more-scopes': { ...moreScopes, scopes: [...moreScopes.scopes] } }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body && { requestBody: { required: true, content: contentOf(body, 'input') } }),
    responses: responsesOf(route),
  };
}

/** A path as OpenAPI spells it: `/policy/{id}`. */
export const documentedPath = (path: string): string => path.replaceAll(/:(\w+)/gu, '{$1}');

/** The OpenAPI 3.1 document of the routes that the table names. */
export function openApiDocument(): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of ROUTES) (paths[documentedPath(route.path)] ??= {})[route.method] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'CAP verifier API',
      version: VERSION,
      description: DESCRIPTION,
      contact: { name: 'Whoever operates this service' },
      license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: '/', description: 'Where this document was read' },
      { url: 'http://127.0.0.1:8080', description: 'As installed, without TLS; /readyz and /metrics always' },
      { url: 'https://127.0.0.1:8443', description: 'With tls.mode tls' },
    ],
    tags: Object.entries(GROUPS).map(([name, description]) => ({ name: name as Group, description })),
    paths,
    components: {
      securitySchemes: {
        [SCHEME]: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Access token of the configured issuer; an operation names the scopes that it must carry',
        },
      },
      schemas: { ...named(SENT, 'input'), ...named(ANSWERED, 'output') },
    },
    'x-problems': { ...PROBLEMS },
  };
}

/** The document as a file. */
export const documentText = (document: OpenApiDocument): string => `${JSON.stringify(document, null, 2)}\n`;
