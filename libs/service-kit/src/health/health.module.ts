import { Controller, Get, Inject, Module, Res, ServiceUnavailableException } from '@nestjs/common';
import {
  type HealthCheckResult,
  HealthCheckService,
  type HealthIndicatorResult,
  TerminusModule,
} from '@nestjs/terminus';
import { type FastifyReply } from 'fastify';
import { Public } from '../access/rules.js';
import { Readiness, type ReadinessResult } from './readiness.js';

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
    return this.answer(reply, await this.readiness.results(), []);
  }

  /** For a load balancer: 200 too while something is away that the service goes on without; `missing` and `error` name it. */
  @Get('readyz/serving')
  async serving(@Res({ passthrough: true }) reply: FastifyReply) {
    const results = await this.readiness.results();
    const { true: bridged = [], false: counting = [] } = Object.groupBy(results, (it) => `${it.bridged}`);
    return this.answer(reply, counting, bridged);
  }

  private async answer(reply: FastifyReply, counting: readonly ReadinessResult[], bridged: readonly ReadinessResult[]) {
    const health = await this.check(counting);
    if (health.status !== 'ok') reply.code(503);
    const away = Object.assign({}, ...bridged.map(indicator)) as HealthIndicatorResult;
    const missing = [...counting, ...bridged].filter((it) => it.missing !== null).map(({ name }) => name);
    return { ...health, error: { ...health.error, ...away }, details: { ...health.details, ...away }, missing };
  }

  private async check(results: readonly ReadinessResult[]): Promise<HealthCheckResult> {
    try {
      return await this.health.check(results.map((result) => () => indicator(result)));
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return error.getResponse() as HealthCheckResult;
    }
  }
}

const indicator = ({ name, missing }: ReadinessResult): HealthIndicatorResult =>
  missing === null ? { [name]: { status: 'up' } } : { [name]: { status: 'down', message: missing } };

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
export class HealthModule {}
