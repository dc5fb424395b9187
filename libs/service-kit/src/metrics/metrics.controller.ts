import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { Public } from '../access/access.decorators.js';
import { Produces } from '../http/accept.js';
import { ManagementOnly } from '../http/listener.decorators.js';

@ApiTags('operation')
@Controller()
export class MetricsController extends PrometheusController {
  constructor(private readonly registry: Registry) {
    super();
  }

  @Get()
  @ApiOperation({ summary: 'Metrics for Prometheus', description: 'On the management listener only.' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'Text exposition format', standardSchema: z.string() })
  @Public()
  @ManagementOnly()
  @Produces(Registry.PROMETHEUS_CONTENT_TYPE)
  override index(@Res({ passthrough: true }) _response: unknown): Promise<string> {
    return this.registry.metrics();
  }
}
