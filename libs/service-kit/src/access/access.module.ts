import { type DynamicModule, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import type { Config } from '@cap/config';
import { Readiness } from '../health/readiness.js';
import { Logs } from '../logging/logs.js';
import { CacheMetrics } from '../metrics/cache-metrics.js';
import { Reload } from '../service/reload.js';
import { ClientTokenStrategy } from './client-token.strategy.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KeySource, openKeySource } from './keys.js';
import { StrategyNames } from './strategy-names.js';
import { TokenCache } from './token-cache.js';

/** Where no issuer is configured, no access token comes. */
const UNCOUNTED = { hit: () => undefined, miss: () => undefined };

/** The strategies that find out who calls: by an access token, if an issuer is configured, or the token of an internal client. */
@Module({})
export class AccessModule implements OnApplicationShutdown {
  constructor(
    readiness: Readiness,
    reload: Reload,
    cache: TokenCache,
    @Optional() private readonly keys?: KeySource,
  ) {
    if (!keys) return;
    readiness.add('oauth-keys', async () => {
      if (keys.missing() !== null) await keys.refresh();
    });
    reload.add('token keys', async () => {
      const { changed } = await keys.refreshAnew();
      if (changed) cache.clear();
    });
  }

  onApplicationShutdown(): void {
    this.keys?.close();
  }

  static register({ oauth }: Config): DynamicModule {
    const names = new StrategyNames();
    // In the order in which they are asked: most requests have an access token.
    const strategies = [...(oauth ? [names.jwt] : []), names.clientToken];
    const passport = PassportModule.register({ defaultStrategy: strategies, property: 'principal' });
    return {
      module: AccessModule,
      imports: [passport],
      exports: [passport, TokenCache],
      providers: [
        { provide: StrategyNames, useValue: names },
        {
          provide: TokenCache,
          useFactory: (metrics: CacheMetrics) => new TokenCache(oauth ? metrics.outcomes('token') : UNCOUNTED),
          inject: [CacheMetrics],
        },
        ClientTokenStrategy,
        ...(oauth
          ? [
              {
                provide: KeySource,
                useFactory: (cache: TokenCache, logs: Logs) =>
                  openKeySource(oauth, () => cache.clear(), logs.for('auth')),
                inject: [TokenCache, Logs],
              },
              JwtStrategy,
            ]
          : []),
      ],
    };
  }
}
