import { Controller, Get, Inject, Module, Res, ServiceUnavailableException } from '@nestjs/common';
import {
  type HealthCheckResult,
  HealthCheckService,
  type HealthIndicatorResult,
  TerminusModule,
} from '@nestjs/terminus';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { Public } from '../access/rules.js';
import { Readiness, type ReadinessResult } from './readiness.js';
import { health, readiness } from './schemas.js';

@Public()
@ApiTags('operation')
@Controller()
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  @Get('healthz')
  @ApiOperation({ summary: 'Whether the process runs' })
  @ApiOkResponse({ description: 'It runs', standardSchema: health })
  live() {
    return this.health.check([]);
  }

  @Get('readyz')
  @ApiOperation({
    summary: 'Whether everything is there that the service needs',
    description: 'On the management listener only.',
  })
  @ApiOkResponse({ description: 'Ready', standardSchema: readiness })
  @ApiServiceUnavailableResponse({
    description: 'Not ready: `missing` names what is not there',
    standardSchema: readiness,
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(reply, await this.readiness.results(), []);
  }

  @Get('readyz/serving')
  @ApiOperation({
    summary: 'Whether requests are to be sent here',
    description:
      'For load balancers, on the management listener only. As `/readyz`, but what the service goes on without may be away, once it was there: a verifier judges bundles without the registry by what the trust store and the caches know, and answers 503 to what needs the registry.',
  })
  @ApiOkResponse({ description: 'It serves: `missing` names what is away all the same', standardSchema: readiness })
  @ApiServiceUnavailableResponse({
    description: 'It does not serve: `missing` names what is not there',
    standardSchema: readiness,
  })
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
