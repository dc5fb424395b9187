import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import { Readiness } from '../health/readiness.js';
import { Reload } from '../service/reload.js';

export interface RegistryConnectionOptions {
  /** Connections of each client at most. */
  readonly connections?: number;
  /** The service goes on while the registry is away, once it was there. */
  readonly onceIsEnough?: boolean;
}

export const REGISTRY_CONNECTION_OPTIONS = Symbol('registry connection options');

/** The registry as another service calls it: clients with a token that a reload can rotate, and a readiness check. */
@Injectable()
export class RegistryConnection implements OnApplicationShutdown {
  readonly client: RegistryClient;
  readonly #clients: RegistryClient[] = [];
  readonly #url: string;
  #token: string | undefined;

  constructor(
    config: ConfigService<Config, true>,
    readiness: Readiness,
    reload: Reload,
    @Inject(REGISTRY_CONNECTION_OPTIONS) private readonly options: RegistryConnectionOptions,
  ) {
    const { url, token } = config.get('registry', { infer: true });
    this.#url = url;
    this.#token = token;
    this.client = this.open();
    reload.add('registry token', ({ registry }) => void (this.#token = registry.token), ['registry.token']);
    const { onceIsEnough = false } = options;
    readiness.add('registry', async () => void (await this.client.status()), { onceIsEnough });
  }

  /** A client with a time-out of its own, for answers that take longer; it is closed with the connection. */
  open({ timeoutMs }: { timeoutMs?: number } = {}): RegistryClient {
    const { connections } = this.options;
    const client = new RegistryClient({ url: this.#url, token: () => this.#token, connections, timeoutMs });
    this.#clients.push(client);
    return client;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
