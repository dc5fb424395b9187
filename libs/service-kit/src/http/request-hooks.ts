import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ClientName } from '@cap/contracts';
import { CapError } from '@cap/core';
import type { LogFields, ModuleLog } from '../logging/logs.js';
import { UnauthenticatedLog } from '../logging/unauthenticated-log.js';
import type { Principal } from '../access/principal.js';
import type { HttpMetrics } from '../metrics/http-metrics.js';
import { lingerAfterEarlyAnswer } from './early-answer.js';
import { decorateRequests } from './fastify-request.js';
import type { Listeners } from './listeners.js';
import type { RouteListener } from './listener.decorators.js';

/** Route label of requests that match no route. */
const UNMATCHED = 'unmatched';
const REPLY = Symbol('cap.reply');
type Answered = IncomingMessage & { [REPLY]?: FastifyReply };
/** What a connection had carried when its newest request was over. */
const CARRIED = Symbol('cap.carried');
type Counted = IncomingMessage['socket'] & { [CARRIED]?: { read: number; written: number } };

/** Clients whose calls are part of a request that another service logs, or that it sums up. */
const PARTS_OF_OTHERS: ReadonlySet<string | null> = new Set<ClientName>(['verifier', 'backup']);

interface RequestFields extends LogFields {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly client: string;
}

interface RequestFacts {
  readonly milliseconds?: number;
  readonly principal?: Principal | null;
  readonly listener?: RouteListener | undefined;
}

export interface RequestHookParts {
  readonly listeners: Listeners;
  readonly log: ModuleLog;
  readonly metrics: HttpMetrics;
  readonly isDraining: () => boolean;
  /** What is answered where no route is. */
  readonly notFound: (request: FastifyRequest) => CapError;
}

/** Whether the query is text: the framework takes what it can't decode as it stands, which nobody can have meant. */
function hasText(url: string): boolean {
  const query = url.indexOf('?');
  if (query === -1 || !url.includes('%', query)) return true;
  try {
    decodeURIComponent(url.slice(query));
    return true;
  } catch {
    return false;
  }
}

/** The router takes `/policy/` for `/policy/:id` with an empty id. */
const hasEmptyPart = ({ params }: FastifyRequest): boolean => Object.values(params ?? {}).includes('');

/**
 * What happens around every request: request id, which listener it may use, metrics, one log line. Gives what does the same for
 * a request for which the framework runs no hooks.
 */
export function addRequestHooks(
  fastify: FastifyInstance,
  { listeners, log, metrics, isDraining, notFound }: RequestHookParts,
): (request: FastifyRequest, reply: FastifyReply) => void {
  decorateRequests(fastify);
  const begin = (request: FastifyRequest, reply: FastifyReply) => {
    (request.raw as Answered)[REPLY] = reply;
    reply.header('x-request-id', request.id);
    reply.headers(listeners.fixedHeaders);
    announceEnd(reply);
  };
  const announceEnd = (reply: FastifyReply) => {
    // Clients retry safely on a closed connection only if `Connection: close` was announced.
    if (isDraining()) reply.header('connection', 'close');
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    begin(request, reply);
    const protocol = listeners.protocolProblem(request.raw);
    if (protocol) return done(protocol);
    // Not left to the framework, which would read a stranger's body first.
    if (request.is404 || hasEmptyPart(request)) return done(notFound(request));
    const { listener } = request.routeOptions.config;
    if (listener !== 'every' && !listeners.serves(request.raw, listener === 'management'))
      return done(new CapError('route.unknown', 'There is no such route.'));
    if (hasText(request.url)) done();
    else done(new CapError('request.schema', "The query string can't be decoded."));
  });

  fastify.addHook('onSend', ({ raw }, reply, _payload, done) => {
    // Again: it may have come before the service was told to stop.
    announceEnd(reply);
    lingerAfterEarlyAnswer(raw, reply);
    listeners.expectReader(raw);
    done();
  });

  const strangers = new UnauthenticatedLog(log, 'requests without a valid token');
  /** `milliseconds`, `principal` and `listener` are those of a request that got as far. */
  const record = (fields: RequestFields, { milliseconds, principal = null, listener }: RequestFacts = {}) => {
    const { method, route, status } = fields;
    metrics.count(method, route, status, milliseconds);
    const isPart = principal !== null && PARTS_OF_OTHERS.has(principal.client);
    const level = isPart || listener !== undefined ? 'debug' : 'info';
    if (!log.enabled(level)) return;
    if (principal === null) strangers.write(level, 'request', fields);
    else log[level]('request', fields);
  };
  const finished = ({ request, elapsedTime: milliseconds }: FastifyReply, status: number) => {
    const { url = UNMATCHED, config } = request.routeOptions;
    record(
      {
        request_id: request.id,
        method: request.method,
        route: url,
        status,
        duration: Math.round(milliseconds * 1000) / 1000,
        client: request.ip,
        subject: request.principal?.subject,
        ...bytesOf(request.raw.socket),
        result: request.result ?? undefined,
      },
      { milliseconds, principal: request.principal, listener: config?.listener },
    );
  };
  fastify.addHook('onResponse', (_request, reply, done) => {
    finished(reply, reply.statusCode);
    done();
  });
  listeners.onUnsent = (raw, status) => {
    const reply = (raw as Answered)[REPLY];
    if (reply) finished(reply, status);
  };
  listeners.onRefusal = ({ problem: { code, status }, requestId, method, client }) => {
    // A token that is larger than a head may be.
    if (code === 'auth.invalid') metrics.countTokenFailure();
    record({ request_id: requestId, method, route: UNMATCHED, status, client: client ?? '', code });
  };
  return (request, reply) => {
    begin(request, reply);
    lingerAfterEarlyAnswer(request.raw, reply);
    const { id, method, ip: client } = request;
    reply.raw.once('finish', () =>
      record({ request_id: id, method, route: UNMATCHED, status: reply.statusCode, client }),
    );
  };
}

/** Bytes on the wire since the request before, heads included, TLS not. An injected request has no wire. */
function bytesOf(socket: Counted): { bytes_in?: number; bytes_out?: number } {
  const { bytesRead: read, bytesWritten: written } = socket;
  if (typeof read !== 'number' || typeof written !== 'number') return {};
  const before = socket[CARRIED] ?? { read: 0, written: 0 };
  socket[CARRIED] = { read, written };
  return { bytes_in: read - before.read, bytes_out: written - before.written };
}
