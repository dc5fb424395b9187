import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import { Readiness, Reload } from '@cap/service-kit';

/** The registry as this service knows it: one connection pool, a token that a reload can rotate, a readiness check. */
@Injectable()
export class RegistryConnection implements OnApplicationShutdown {
  readonly client: RegistryClient;

  constructor(config: ConfigService<Config, true>, readiness: Readiness, reload: Reload) {
    const { url, token: first } = config.get('registry', { infer: true });
    let token = first;
    this.client = new RegistryClient({ url, token: () => token });
    reload.add('registry token', ({ registry }) => void (token = registry.token), ['registry.token']);
    // Bundles are verified without it, by what the trust store and the caches know.
    readiness.add('registry', async () => void (await this.client.status()), { onceIsEnough: true });
  }

  onApplicationShutdown(): Promise<void> {
    return this.client.close();
  }
}
