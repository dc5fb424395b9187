import { type Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type Config } from '@cap/config';
import { CapError, isCapError, type JsonValue } from '@cap/core';
import { sha256 } from '@cap/crypto';
import { parsePolicyText } from '@cap/policy';
import { parseJsonBody, readBody } from '@cap/service-kit';
import { IDEMPOTENCY_KEY } from './idempotency/idempotency-key.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** SHA-256 of a body that was read whole, as it came, if the request has an idempotency key. */
    bodyDigest: string;
  }
}

export const ZIP = 'application/zip';
/** The one route that takes a body of the type. */
const ROUTE_OF: ReadonlyMap<string, string> = new Map([
  [ZIP, '/verify'],
  ['multipart/form-data', '/proof/upload'],
]);
/** The whole body is a policy: one that can't be parsed is policy.invalid, not a request of the wrong shape. */
const POLICY_ROUTE = '/policy/compile';

/** The bodies this API takes: JSON read strictly, a bundle as the body, a bundle in a form. */
export async function acceptBodies(fastify: FastifyInstance, { limits }: Config): Promise<void> {
  fastify.decorateRequest('bodyDigest', '');
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser('application/json', async (request: FastifyRequest, stream: Readable) => {
    const body = await readBody(request, stream, limits.json_bytes);
    noteDigest(request, body);
    return readJson(body, request.routeOptions.url);
  });
  fastify.addHook('preParsing', ({ headers, routeOptions }, _reply, _payload, done) => {
    const type = headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase() ?? '';
    const route = ROUTE_OF.get(type);
    if (route === undefined || route === routeOptions.url) done();
    else done(new CapError('request.media-type', `${type} is for ${route} alone.`));
  });
  fastify.addContentTypeParser(ZIP, async (request: FastifyRequest, stream: Readable) => {
    const tooLarge = `A bundle has at most ${limits.bundle_bytes} bytes.`;
    const body = await readBody(request, stream, limits.bundle_bytes, tooLarge);
    noteDigest(request, body);
    return body;
  });
  await fastify.register(multipart, {
    // One part is taken; one more is read, so that what it is can be said.
    limits: { fileSize: limits.bundle_bytes, files: 2, fields: 1, fieldSize: 10_000, parts: 2, headerPairs: 32 },
  });
}

function noteDigest(request: FastifyRequest, body: Buffer): void {
  if (request.headers[IDEMPOTENCY_KEY] !== undefined) request.bodyDigest = sha256(body).toString('base64');
}

const readJson = (body: Buffer, route: string | undefined): JsonValue =>
  route === POLICY_ROUTE ? readPolicy(body) : parseJsonBody(body);

function readPolicy(body: Buffer): JsonValue {
  try {
    return parsePolicyText(body, 'body');
  } catch (error) {
    const { cause } = error as Error;
    if (isCapError(cause) && cause.code === 'json.limit') throw new CapError('request.limit', cause.message, { cause });
    throw error;
  }
}
