import { Controller, Get, Inject, Module, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthIndicatorResult, TerminusModule } from '@nestjs/terminus';
import { type FastifyReply } from 'fastify';
import { Public } from '../access/rules.js';
import { Readiness } from './readiness.js';

@Public()
@Controller()
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  /** Liveness: the process runs and its event loop turns. */
  @Get('healthz')
  live() {
    return this.health.check([]);
  }

  /** Readiness: what the service needs is there; 503 names what is missing. */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const results = await this.readiness.results();
    try {
      return await this.health.check(
        results.map(
          ({ name, missing }) =>
            () =>
              (missing === null
                ? { [name]: { status: 'up' } }
                : { [name]: { status: 'down', message: missing } }) as HealthIndicatorResult,
        ),
      );
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      reply.code(503);
      const missing = results.filter((result) => result.missing !== null).map(({ name }) => name);
      return { ...(error.getResponse() as object), missing };
    }
  }
}

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
export class HealthModule {}
