import { Controller, Get, Res } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/access.decorators.js';
import { EveryListener, ManagementOnly } from '../http/listener.decorators.js';
import { Readiness } from './readiness.js';
import { health, readiness } from './schemas.js';

@Public()
@ApiTags('operation')
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
  ) {}

  @Get('healthz')
  @EveryListener()
  @ApiOperation({ summary: 'Whether the process runs' })
  @ApiOkResponse({ description: 'It runs', standardSchema: health })
  live() {
    return this.health.check([]);
  }

  @Get('readyz')
  @ManagementOnly()
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
    const result = await this.readiness.check();
    if (result.status !== 'ok') reply.code(503);
    return { ...result, missing: Object.keys(result.error ?? {}) };
  }

  @Get('readyz/serving')
  @ManagementOnly()
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
    const { status: overall, info, error, details } = await this.readiness.check();
    const failed = Object.entries(error ?? {});
    const bridged = failed.filter(([name]) => this.readiness.isBridged(name));
    const counting = failed.filter(([name]) => !this.readiness.isBridged(name));
    const status = overall === 'error' && counting.length === 0 ? 'ok' : overall;
    if (status !== 'ok') reply.code(503);
    const away = Object.fromEntries([...counting, ...bridged]);
    return { status, info, error: away, details: { ...details, ...away }, missing: Object.keys(away) };
  }
}
