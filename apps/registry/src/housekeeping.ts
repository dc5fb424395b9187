import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import { Logs, type ModuleLog } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';

const SWEEP_MS = 15 * 60_000;
const COLLECT_MS = 6 * 3_600_000;

/** What runs besides requests: sweeping, collection, retention. */
@Injectable()
export class Housekeeping implements OnModuleInit, OnModuleDestroy {
  readonly #log: ModuleLog;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly data: RegistryData,
    private readonly config: ConfigService<Config, true>,
    logs: Logs,
  ) {
    this.#log = logs.for('housekeeping');
  }

  onModuleInit(): void {
    const sweep = () => {
      void this.#sweep('expired uploads', this.data.sweepUploads());
      void this.#sweep('expired idempotency keys', this.data.sweepKeys());
    };
    const collect = () => {
      void this.#sweep('files without a row', this.#collect());
      void this.#sweep('bundles past their retention', this.#applyRetention());
    };
    this.#repeat(sweep, SWEEP_MS);
    this.#repeat(collect, COLLECT_MS);
  }

  onModuleDestroy(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #repeat(work: () => void, ms: number): void {
    work();
    this.#timers.push(setInterval(work, ms).unref());
  }

  async #collect(): Promise<number> {
    const { orphans, purged } = await this.data.collect();
    return orphans + purged;
  }

  /** Evidence is kept unless the configuration names an age. */
  async #applyRetention(): Promise<number> {
    const { retention_years } = this.config.get('registry', { infer: true });
    return retention_years === null ? 0 : (await this.data.applyRetention(retention_years)).bundles.length;
  }

  async #sweep(what: string, work: Promise<number>): Promise<void> {
    try {
      const count = await work;
      if (count > 0) this.#log.info(`${what} removed`, { count });
    } catch (error) {
      this.#log.error(`${what} could not be removed`, { error });
    }
  }
}
