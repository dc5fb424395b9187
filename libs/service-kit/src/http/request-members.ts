import { Readable } from 'node:stream';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CapError } from '@cap/core';
import { parseWith } from '../problems/zod.pipe.js';
import { assertAcceptable } from './accept.js';

const NOTHING = z.strictObject({});

/**
 * What is asked that the route does not know is refused, not passed over: a misspelt filter would answer another question. Hooks
 * do it, for a handler that reads no query can't, and each new one would have to remember. After access, and before anything is
 * done; the members that a route does take are its schema's business.
 */
export function refuseUnknownMembers(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request) => {
    const { query, routeOptions } = request;
    assertOnce(query as Record<string, unknown>);
    if (!routeOptions.config.takesQuery) parseWith(NOTHING, query, 'query');
    assertAcceptable(request.headers.accept, routeOptions.config.produces);
  });
  fastify.addHook('preHandler', async ({ body, routeOptions }: FastifyRequest) => {
    if (routeOptions.config.takesBody || body === undefined || body === null) return;
    if (!Buffer.isBuffer(body) && !(body instanceof Readable)) parseWith(NOTHING, body, 'body');
  });
}

/** The parser makes a list of a member that comes more than once; which of the two was meant nobody knows. */
function assertOnce(query: Record<string, unknown>): void {
  const doubled = Object.keys(query).filter((name) => Array.isArray(query[name]));
  if (doubled.length === 0) return;
  const errors = doubled.map((name) => ({ place: `query.${name}`, message: 'given more than once' }));
  throw new CapError('request.schema', errors.map(({ place, message }) => `${place}: ${message}`).join('; '), {
    details: errors,
  });
}
