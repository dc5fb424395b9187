import { type DynamicModule, Global, Module } from '@nestjs/common';
import { makeCounterProvider, makeGaugeProvider, PrometheusModule } from '@willsoto/nestjs-prometheus';
import { VERSION } from '@cap/config';
import { Registry } from 'prom-client';
import { Readiness } from '../health/readiness.js';
import { DROPPED_LINES, Logs } from '../logging/logs.js';
import { cacheMetrics } from './cache-metrics.js';
import { expiryMetrics } from './expiry.js';
import { httpMetrics } from './http-metrics.js';
import { MetricsController } from './metrics.controller.js';
import type { Registers } from './registers.js';

/** /metrics, and the metrics that every service has. */
@Global()
@Module({})
export class MetricsModule {
  static register(service: string, registers: Registers): DynamicModule {
    const [registry] = registers;
    const providers = [
      { provide: Registry, useValue: registry },
      makeGaugeProvider({
        name: 'cap_build_info',
        help: 'Always 1; what runs is in the labels',
        labelNames: ['service', 'version', 'node'],
        registers,
        collect() {
          this.set({ service, version: VERSION, node: process.versions.node }, 1);
        },
      }),
      makeCounterProvider({
        name: DROPPED_LINES,
        help: 'Log lines that could not be written, to a full disk or a closed pipe',
        registers,
        inject: [Logs],
        collect({ droppedLines }: Logs) {
          this.reset();
          this.inc(droppedLines);
        },
      }),
      // Looked at by each scrape: where nobody asks /readyz it would be as old as the last question.
      makeGaugeProvider({
        name: 'cap_ready',
        help: 'Per readiness check: 1 if it passes, 0 if what it asks for is missing',
        labelNames: ['check'],
        registers,
        inject: [Readiness],
        async collect(readiness: Readiness) {
          const { details } = await readiness.check();
          this.reset();
          for (const [check, { status }] of Object.entries(details)) this.set({ check }, status === 'up' ? 1 : 0);
        },
      }),
      ...httpMetrics(registers),
      ...cacheMetrics(registers),
      ...expiryMetrics(registers),
    ];
    return {
      module: MetricsModule,
      imports: [
        PrometheusModule.register({
          path: '/metrics',
          controller: MetricsController,
          defaultMetrics: { enabled: true, config: { register: registry } },
        }),
      ],
      providers,
      exports: providers,
    };
  }
}
