import { Readable } from 'node:stream';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Reflector } from '@nestjs/core';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { oncePerHandler } from '../once-per-handler.js';
import { parseWith } from './schema.pipe.js';
import { assertAcceptable } from './accept.js';
import { BodyMemory, readBody } from './body-memory.js';
import { MinimumBodyRate } from './minimum-body-rate.js';
import { hasBody } from './early-answer.js';
import { Listeners } from './listeners.js';
import { type BodyType, type RouteMetadata, routeMetadataOf } from './route-metadata.js';

const NOTHING = z.strictObject({});
/** Their bodies have no meaning (RFC 9110, 9.3.1), and the framework ignores them. */
const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Reads the body of a request for `@Body()`, after the access guard, and after it has checked that the route accepts this request
 * (query, Accept, media type). Unknown parameters are rejected, not ignored: a misspelt filter would return the wrong
 * results. An interceptor could read the body too, at a higher cost than the rest of Nest together (ADR 0013).
 */
@Injectable()
export class RequestBodyGuard implements CanActivate {
  readonly #limits: Config['limits'];
  readonly #routeOf: (context: ExecutionContext) => RouteMetadata;

  constructor(
    config: ConfigService<Config, true>,
    private readonly memory: BodyMemory,
    private readonly pace: MinimumBodyRate,
    private readonly listeners: Listeners,
    reflector: Reflector,
  ) {
    this.#routeOf = oncePerHandler((handler, controller) => routeMetadataOf(reflector, handler, controller));
    this.#limits = config.get('limits', { infer: true });
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const route = this.#routeOf(context);
    assertOnce(request.query as Record<string, unknown>);
    if (!route.takesQuery) parseWith(NOTHING, request.query, 'query');
    assertAcceptable(request.headers.accept, route.produces);
    assertPlain(request);
    const comes = hasBody(request.raw);
    if (comes) {
      const reply = http.getResponse<FastifyReply>();
      this.memory.open(request, reply);
      this.pace.watch(request, reply);
      this.listeners.continue(request.raw, reply.raw);
    }
    if (BODYLESS.has(request.method)) return true;
    if (comes || request.body instanceof Readable) return this.#read(request, route);
    assertNoBodyMissing(request, route);
    return true;
  }

  async #read(request: FastifyRequest, { consumes, takesBody }: RouteMetadata): Promise<true> {
    const { parse, limit = 'json_bytes', tooLarge } = bodyType(request, consumes);
    if (parse && request.body instanceof Readable) {
      const most = this.#limits[limit];
      request.rawBody = await readBody(request, request.body, most, tooLarge?.(most));
      request.body = parse(request.rawBody);
      if (!takesBody) parseWith(NOTHING, request.body, 'body');
    }
    return true;
  }
}

/** For a parsed body the schema reports what is missing; a handler that reads the stream itself relies on there being one. */
function assertNoBodyMissing({ headers }: FastifyRequest, { consumes }: RouteMetadata): void {
  if (headers['content-type'] !== undefined || consumes.some(({ parse }) => parse)) return;
  const types = consumes.map(({ mediaType }) => mediaType).join(' or ');
  throw new CapError('request.media-type', `Expected a body of ${types}.`);
}

/** The query parser turns a repeated parameter into a list; which value was meant is unknown. */
function assertOnce(query: Record<string, unknown>): void {
  const doubled = Object.keys(query).filter((name) => Array.isArray(query[name]));
  if (doubled.length === 0) return;
  const errors = doubled.map((name) => ({ place: `query.${name}`, message: 'given more than once' }));
  throw new CapError('request.schema', errors.map(({ place, message }) => `${place}: ${message}`).join('; '), {
    details: errors,
  });
}

/** Bodies are never decompressed: a small one could expand past every limit. */
function assertPlain({ headers }: FastifyRequest): void {
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity')
    throw new CapError('request.media-type', 'Content-Encoding is not supported: send the body uncompressed.');
}

function bodyType({ headers }: FastifyRequest, types: readonly BodyType[]): BodyType {
  const mediaType = headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase();
  const found = types.find((type) => type.mediaType === mediaType);
  if (found) return found;
  throw new CapError('request.media-type', 'This route does not accept this Content-Type.');
}
