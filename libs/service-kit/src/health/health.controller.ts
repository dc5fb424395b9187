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
    summary: 'Whether the service has everything it needs',
    description: 'On the management listener only.',
  })
  @ApiOkResponse({ description: 'Ready', standardSchema: readiness })
  @ApiServiceUnavailableResponse({
    description: 'Not ready: `missing` names what the service lacks',
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
    summary: 'Whether a load balancer should send requests here',
    description:
      'On the management listener only. Like `/readyz`, but a dependency that the service can do without for a while only has to have been available once since the start: without the registry, a verifier still verifies bundles with its trust store and caches, and answers 503 to whatever needs the registry.',
  })
  @ApiOkResponse({ description: 'Serving: `missing` still names what is unavailable', standardSchema: readiness })
  @ApiServiceUnavailableResponse({
    description: 'Not serving: `missing` names what the service lacks',
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
