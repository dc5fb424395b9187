import { type IncomingMessage } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type ModuleLog } from '../logging/logs.js';
import { type CountRequest } from '../metrics/http-metrics.js';
import { ProblemError } from '../problems/problem.js';
import { lingerAfterEarlyAnswer } from './early-answer.js';
import { type Listeners } from './listeners.js';
import { HEALTH_ROUTE, MANAGEMENT_ROUTES } from './routes.js';

/** Route label of requests that match no route. */
const UNMATCHED = 'unmatched';
/** Status under which a request is counted whose client went away before the answer, as nginx does. */
const CLIENT_CLOSED = 499;
const REPLY = Symbol('cap.reply');
type Answered = IncomingMessage & { [REPLY]?: FastifyReply };

/** A browser never runs what this API answers; a page of documentation sets its own policy. Made once: it is on every answer. */
const securityHeaders = (tls: boolean): Record<string, string> => ({
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  ...(tls ? { 'strict-transport-security': 'max-age=31536000' } : {}),
});

export interface RequestHookParts {
  readonly listeners: Listeners;
  readonly log: ModuleLog;
  readonly count: CountRequest;
  readonly isDraining: () => boolean;
  /** What is answered where no route is. */
  readonly notFound: (request: FastifyRequest) => ProblemError;
}

/** What happens around every request: request id, which listener it may use, metrics, one log line. */
export function addRequestHooks(
  fastify: FastifyInstance,
  { listeners, log, count, isDraining, notFound }: RequestHookParts,
): void {
  fastify.decorateRequest('principal', null);
  fastify.decorateRequest('result', null);

  const fixed = securityHeaders(listeners.plan.api?.tls === true);
  fastify.addHook('onRequest', (request, reply, done) => {
    (request.raw as Answered)[REPLY] = reply;
    reply.header('x-request-id', request.id);
    reply.headers(fixed);
    // Clients take a closed connection for what it is only when they were told before.
    if (isDraining()) reply.header('connection', 'close');
    // Not left to the framework, which would read a stranger's body first.
    if (request.is404) return done(notFound(request));
    const route = request.routeOptions.url!;
    if (route === HEALTH_ROUTE || listeners.serves(request.raw, MANAGEMENT_ROUTES.has(route))) done();
    else done(new ProblemError('route.unknown', 'There is no such route.'));
  });

  // No body is unpacked here: a small one could be a large one, and none of the limits would know.
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    const coding = request.headers['content-encoding'];
    if (coding === undefined || coding.toLowerCase() === 'identity') done();
    else done(new ProblemError('request.media-type', 'A body is taken as it is, without Content-Encoding.'));
  });

  fastify.addHook('onSend', ({ raw }, reply, _payload, done) => {
    lingerAfterEarlyAnswer(raw, reply);
    done();
  });

  const finished = ({ request, elapsedTime: milliseconds }: FastifyReply, status: number) => {
    const route = request.routeOptions.url ?? UNMATCHED;
    count(request.method, route, status, milliseconds);
    const level = MANAGEMENT_ROUTES.has(route) || route === HEALTH_ROUTE ? 'debug' : 'info';
    if (!log.enabled(level)) return;
    const fields = {
      request_id: request.id,
      method: request.method,
      route,
      status,
      duration: Math.round(milliseconds * 1000) / 1000,
    };
    log[level]('request', request.result === null ? fields : { ...fields, result: request.result });
  };
  fastify.addHook('onResponse', (_request, reply, done) => {
    finished(reply, reply.statusCode);
    done();
  });
  listeners.onAbort = (raw) => {
    const reply = (raw as Answered)[REPLY];
    if (reply) finished(reply, CLIENT_CLOSED);
  };
}
