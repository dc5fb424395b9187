import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { ConfigModule } from '@nestjs/config';
import { type Config } from '@cap/config';
import { type AccessGuard } from '../access/access.guard.js';
import { HealthModule } from '../health/health.module.js';
import { Readiness } from '../health/readiness.js';
import { Logs } from '../logging/logs.js';
import { MetricsModule } from '../metrics/metrics.module.js';
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
  readonly guard: AccessGuard;
  readonly sendProblem: SendProblem;
}

/** What every service has: configuration, logs, readiness, reload, the access guard, problems, /healthz, /readyz, /metrics. */
@Global()
@Module({})
export class KitModule {
  static register({ service, config, logs, readiness, reload, guard, sendProblem }: KitParts): DynamicModule {
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
      providers: [
        ...shared,
        { provide: APP_GUARD, useValue: guard },
        { provide: APP_FILTER, useValue: new ProblemFilter(sendProblem) },
      ],
      exports: shared,
    };
  }
}
