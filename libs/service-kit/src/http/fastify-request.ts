import type { FastifyInstance } from 'fastify';
import type { Principal } from '../access/principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request, once the access guard knows. */
    principal: Principal | null;
    /** Verdict or outcome of the request, for the request log. */
    result: string | null;
    /** The bytes of a body that was read as a whole. */
    rawBody: Buffer | null;
    /** Reserves memory for bytes that are kept until the request is answered. CapError overloaded, rate.limited. */
    holdBytes: (bytes: number) => void;
  }
}

/** Declares the members above, which Fastify requires before the first request. */
export function decorateRequests(fastify: FastifyInstance): void {
  fastify.decorateRequest('principal', null);
  fastify.decorateRequest('result', null);
  fastify.decorateRequest('rawBody', null);
  fastify.decorateRequest('holdBytes', () => undefined);
}
