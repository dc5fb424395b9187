import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import { PATH_PART_LENGTH } from '@cap/contracts';
import type { SendProblem } from '../problems/problem.filter.js';
import { requestId } from './answer-headers.js';
import type { Listeners } from './listeners.js';
import { RouteTable } from './routes.js';

/** Nest on Fastify, with our own answers for requests that reach neither a route nor a filter. */
export class ServiceAdapter extends FastifyAdapter {
  readonly fastify = this.getInstance<FastifyInstance>();
  readonly routes: RouteTable;
  /** Does what the hooks do, for errors on which the framework runs no hooks. */
  aroundFrameworkError: (request: FastifyRequest, reply: FastifyReply) => void = () => undefined;

  constructor(
    config: Config,
    private readonly listeners: Listeners,
    private readonly sendProblem: SendProblem,
  ) {
    super({
      serverFactory: listeners.management,
      genReqId: requestId,
      routerOptions: { maxParamLength: PATH_PART_LENGTH },
      trustProxy: config.server.trusted_proxies.length > 0 ? [...config.server.trusted_proxies] : false,
      clientErrorHandler: listeners.clientError,
      frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
        this.aroundFrameworkError(request, reply);
        sendProblem(error, request, reply);
      },
      forceCloseConnections: 'idle',
      exposeHeadRoutes: true,
    });
    this.routes = new RouteTable(this.fastify);
    // No body is read here: AccessGuard runs first, then RequestBodyGuard reads what the route accepts.
    this.fastify.removeAllContentTypeParsers();
    this.fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  }

  override setErrorHandler(): FastifyInstance {
    return this.fastify.setErrorHandler((error, request, reply) => this.sendProblem(error, request, reply));
  }

  /** Nest would set its own handler. Our onRequest hook answers 404 earlier, before any body is read. */
  override setNotFoundHandler(): FastifyInstance {
    return this.fastify;
  }

  /** 404, or 405 with the methods that the path takes. */
  notFound(request: FastifyRequest): CapError {
    const { methods, management } = this.routes.allowed(request.url.split('?', 1)[0]!);
    if (methods.length === 0 || !this.listeners.serves(request.raw, management))
      return new CapError('route.unknown', 'There is no such route.');
    return new CapError('method.not-allowed', `This route accepts ${methods.join(', ')}.`, {
      headers: { allow: methods.join(', ') },
    });
  }
}
