import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { ConfigModule } from '@nestjs/config';
import type { Config } from '@cap/config';
import { AccessGuard } from '../access/access.guard.js';
import { AccessModule } from '../access/access.module.js';
import { HealthModule } from '../health/health.module.js';
import { BodyMemory } from '../http/body-memory.js';
import { MinimumBodyRate } from '../http/minimum-body-rate.js';
import { Listeners } from '../http/listeners.js';
import { RequestBodyGuard } from '../http/request-body.guard.js';
import { Logs } from '../logging/logs.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import type { Registers } from '../metrics/registers.js';
import { ProblemFilter, type SendProblem } from '../problems/problem.filter.js';
import { SchemaPipe } from '../http/schema.pipe.js';
import { CertificateWatcher, ServedCertificate } from './certificate-watcher.js';
import { Reload } from './reload.js';
import { TrustedAuthorities } from './trusted-authorities.js';

export interface KitParts {
  readonly service: string;
  readonly config: Config;
  readonly registers: Registers;
  /** Null where the API has no TLS of its own. */
  readonly certificate: ServedCertificate | null;
  readonly logs: Logs;
  readonly reload: Reload;
  readonly sendProblem: SendProblem;
  readonly listeners: Listeners;
  readonly memory: BodyMemory;
  readonly pace: MinimumBodyRate;
}

/** What every service has: configuration, logs, readiness, reload, problems, /healthz, /readyz, /metrics. */
@Global()
@Module({})
export class KitModule {
  static register({ service, config, registers, certificate, logs, reload, ...http }: KitParts): DynamicModule {
    const shared = [
      { provide: Logs, useValue: logs },
      { provide: Reload, useValue: reload },
    ];
    return {
      module: KitModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          skipProcessEnv: true, // the loader has read the environment, by its own names
          load: [() => config],
        }),
        DiscoveryModule,
        AccessModule.register(config),
        MetricsModule.register(service, registers),
        HealthModule,
      ],
      providers: [
        ...shared,
        ...(certificate ? [{ provide: ServedCertificate, useValue: certificate }, CertificateWatcher] : []),
        TrustedAuthorities,
        { provide: Listeners, useValue: http.listeners },
        { provide: BodyMemory, useValue: http.memory },
        { provide: MinimumBodyRate, useValue: http.pace },
        { provide: APP_FILTER, useValue: new ProblemFilter(http.sendProblem) },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_GUARD, useClass: RequestBodyGuard },
        { provide: APP_PIPE, useClass: SchemaPipe },
      ],
      exports: shared,
    };
  }
}
