import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { PROBLEM_MEDIA_TYPE } from '@cap/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ModuleLog } from '../logging/logs.js';
import { UnauthenticatedLog } from '../logging/unauthenticated-log.js';
import { headersOf, toBody } from './problem.js';
import { toProblem } from './to-problem.js';

export type SendProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** Answers errors as application/problem+json and logs those that are the service's fault. */
export function problemSender(log: ModuleLog): SendProblem {
  const strangers = new UnauthenticatedLog(log, 'failed requests without a valid token');
  return (error, request, reply) => {
    // Already answered: this error comes from work that was still in progress.
    if (reply.raw.writableEnded) return;
    if (hasGone(request)) {
      log.debug('the client went away before its answer', { request_id: request.id, error });
      return;
    }
    const problem = toProblem(error, { internal: typeof request.principal?.client === 'string' });
    if (problem.status >= 500) {
      const [level, msg, about] =
        problem.status === 500
          ? ([
              'error',
              'request failed',
              {
                route: request.routeOptions.url,
                error: problem.code === 'internal' ? (problem.cause ?? problem) : problem,
              },
            ] as const)
          : (['warn', problem.message, { code: problem.code, error: problem.cause }] as const);
      const fields = { request_id: request.id, client: request.ip, ...about };
      if (request.principal) log[level](msg, fields);
      else strangers.write(level, msg, fields);
    }
    // The headers are sent: breaking the connection is the only way left to signal the error.
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply
      .code(problem.status)
      .headers({ ...headersOf(problem), 'x-request-id': request.id })
      .type(PROBLEM_MEDIA_TYPE)
      .send(JSON.stringify(toBody(problem, request.id)));
  };
}

/** Whether the client disconnected before its body ended: then the failure isn't ours, and nobody reads an answer. */
const hasGone = ({ raw }: FastifyRequest): boolean => raw.destroyed && !raw.complete;

/** Passes what controllers, guards and pipes throw to `send`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly send: SendProblem) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.send(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
