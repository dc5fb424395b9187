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
/** Their bodies mean nothing (RFC 9110, 9.3.1), and the framework does not look at them. */
const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Reads the body of a request, so that `@Body()` has it, once the access guard and its own look at the head (query, Accept, media
 * type) have said that the route takes this request. An unknown parameter is rejected, not ignored: a misspelt filter would answer
 * another question. An interceptor could read the body too, for more than the whole rest of Nest costs (ADR 0013).
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

/** A body that is parsed has a schema that says what is missing; a handler that reads the stream itself has to be given one. */
function assertNoBodyMissing({ headers }: FastifyRequest, { consumes }: RouteMetadata): void {
  if (headers['content-type'] !== undefined || consumes.some(({ parse }) => parse)) return;
  const types = consumes.map(({ mediaType }) => mediaType).join(' or ');
  throw new CapError('request.media-type', `Expected a body of ${types}.`);
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

/** No body is unpacked here: a small one could be a large one, and none of the limits would know. */
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
