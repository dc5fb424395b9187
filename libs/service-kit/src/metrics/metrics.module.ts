import { Controller, type DynamicModule, Get, Module, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { VERSION } from '@cap/config';
import { PrometheusController, PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { z } from 'zod';
import { Public } from '../access/rules.js';
import { Produces } from '../http/accept.js';
import { gauge } from './metric.js';

@ApiTags('operation')
@Controller()
class MetricsController extends PrometheusController {
  @Get()
  @ApiOperation({ summary: 'Metrics for Prometheus', description: 'On the management listener only.' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'Text exposition format', standardSchema: z.string() })
  @Public()
  @Produces(register.contentType)
  override index(@Res({ passthrough: true }) response: unknown): Promise<string> {
    return super.index(response);
  }
}

@Module({})
export class MetricsModule {
  static register(service: string): DynamicModule {
    gauge({
      name: 'cap_build_info',
      help: 'Always 1; what runs is in the labels',
      labelNames: ['service', 'version', 'node'],
    }).set({ service, version: VERSION, node: process.versions.node }, 1);
    // prom-client refuses to collect twice into one registry.
    const enabled = register.getSingleMetric('process_cpu_seconds_total') === undefined;
    return {
      module: MetricsModule,
      imports: [
        PrometheusModule.register({ path: '/metrics', controller: MetricsController, defaultMetrics: { enabled } }),
      ],
    };
  }
}
