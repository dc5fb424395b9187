import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Interval } from '@nestjs/schedule';
import type { Config } from '@cap/config';
import { Logs, type ModuleLog } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';

const SWEEP_MS = 15 * 60_000;
const COLLECT_MS = 6 * 3_600_000;

/** What runs besides requests, at the start and then at intervals: sweeping, collection, retention. */
@Injectable()
export class Housekeeping implements OnModuleInit {
  readonly #log: ModuleLog;

  constructor(
    private readonly data: RegistryData,
    private readonly config: ConfigService<Config, true>,
    logs: Logs,
  ) {
    this.#log = logs.for('housekeeping');
  }

  onModuleInit(): void {
    this.sweep();
    this.collect();
  }

  @Interval(SWEEP_MS)
  sweep(): void {
    void this.#remove('expired uploads', this.data.sweepUploads());
    void this.#remove('expired idempotency keys', this.data.sweepKeys());
  }

  @Interval(COLLECT_MS)
  collect(): void {
    void this.#remove('files without a row', this.#collect());
    void this.#remove('bundles past their retention', this.#applyRetention());
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

  async #remove(what: string, work: Promise<number>): Promise<void> {
    try {
      const count = await work;
      if (count > 0) this.#log.info(`${what} removed`, { count });
    } catch (error) {
      this.#log.error(`${what} could not be removed`, { error });
    }
  }
}
