import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ConfigModule } from '@nestjs/config';
import { type Config } from '@cap/config';
import { HealthModule } from '../health/health.module.js';
import { Readiness } from '../health/readiness.js';
import { Logs } from '../logging/logs.js';
import { ProblemFilter, type SendProblem } from '../problems/send-problem.js';
import { Reload } from './reload.js';

/** Injection token of the typed configuration: `@Inject(CONFIG) config: Config`. */
export const CONFIG = Symbol('cap.config');

export interface KitParts {
  readonly service: string;
  readonly config: Config;
  readonly logs: Logs;
  readonly readiness: Readiness;
  readonly reload: Reload;
  readonly sendProblem: SendProblem;
}

/** What every service has: configuration, logs, readiness, reload, problems, /healthz, /readyz, /metrics. */
@Global()
@Module({})
export class KitModule {
  static async register({ service, config, logs, readiness, reload, sendProblem }: KitParts): Promise<DynamicModule> {
    // Its Prometheus module is CommonJS and requires Nest, which is ESM: that needs Nest to be evaluated already.
    const { MetricsModule } = await import('../metrics/metrics.module.js');
    const shared = [
      { provide: CONFIG, useValue: config },
      { provide: Logs, useValue: logs },
      { provide: Readiness, useValue: readiness },
      { provide: Reload, useValue: reload },
    ];
    return {
      module: KitModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [() => ({ ...config })],
        }),
        MetricsModule.register(service),
        HealthModule,
      ],
      providers: [...shared, { provide: APP_FILTER, useValue: new ProblemFilter(sendProblem) }],
      exports: shared,
    };
  }
}
