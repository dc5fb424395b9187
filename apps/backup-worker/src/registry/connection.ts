import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import { Reload } from '@cap/service-kit';

/** How long a registry may take to copy its database before it answers. */
const SNAPSHOT_TIMEOUT_MS = 15 * 60_000;

/** Clients of the registry that is backed up, with a token that a reload can rotate. */
@Injectable()
export class RegistryConnection implements OnApplicationShutdown {
  readonly client: RegistryClient;
  /** With a long time-out, for the one call whose answer waits for a copy of the whole database. */
  readonly snapshotClient: RegistryClient;

  constructor(config: ConfigService<Config, true>, reload: Reload) {
    const { url, token: first } = config.get('registry', { infer: true });
    let token = first;
    const options = { url, token: () => token, connections: 4 };
    this.client = new RegistryClient(options);
    this.snapshotClient = new RegistryClient({ ...options, timeoutMs: SNAPSHOT_TIMEOUT_MS });
    reload.add('registry token', ({ registry }) => void (token = registry.token), ['registry.token']);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.client.close(), this.snapshotClient.close()]);
  }
}
