import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type Config } from '@cap/config';
import { chainFault } from '@cap/tlog';
import { exposeEndings, Logs, type ModuleLog, Readiness } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import { type LogKeys } from './log/log-keys.js';
import { LOG_KEYS } from './log/tokens.js';
import { announceBrokenBlobs, exposeTotals } from './metrics.js';

const SWEEP_MS = 15 * 60_000;
/** A commit that takes longer than this is stuck. */
const STALLED_MS = 15_000;
const COLLECT_MS = 6 * 3_600_000;

/** What runs besides requests: readiness, metrics, sweeping, collection, retention, and closing the registry's data. */
@Injectable()
export class Housekeeping implements OnModuleInit, OnApplicationShutdown {
  readonly #log: ModuleLog;
  readonly #timers: NodeJS.Timeout[] = [];
  #concealTotals = () => {};
  #concealEnds = () => {};

  constructor(
    @Inject(RegistryData) private readonly data: RegistryData,
    @Inject(ConfigService) private readonly config: ConfigService<Config, true>,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(LOG_KEYS) private readonly keys: LogKeys,
    @Inject(Logs) logs: Logs,
  ) {
    this.#log = logs.for('housekeeping');
  }

  onModuleInit(): void {
    const { created, verifierKeys } = this.keys;
    if (created)
      this.#log.warn('created a key for the log: back it up, and give its public key to everyone who checks receipts', {
        file: created,
        verifier_key: verifierKeys[0],
      });
    this.#concealTotals = exposeTotals(this.data);
    this.readiness.add('database', async () => {
      this.data.assertUnmoved('database');
      const waited = this.data.store.writingForMs();
      if (waited > STALLED_MS)
        throw new Error(`a commit has waited for the database for ${Math.floor(waited / 1000)} s`);
      await this.data.store.totals();
    });
    this.#concealEnds = exposeEndings(() =>
      this.keys.ends.map(({ file, validTo }) => ({ kind: 'log-key', name: file, ends: validTo })),
    );
    const count = announceBrokenBlobs();
    this.data.onBrokenBlob = ({ code, message, details }) => {
      count(code);
      this.#log.error('a BLOB is broken: upload the same bytes again', { code, ...(details as object), why: message });
    };
    this.readiness.add('log', () => this.#checkHead());
    this.readiness.add('checkpoints', () => {
      this.data.assertUnmoved('checkpoints');
      const { checkpointFault } = this.data.log;
      if (checkpointFault) throw checkpointFault;
    });
    this.readiness.add('blobs', () => this.#checkRoom());
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

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#concealTotals();
    this.#concealEnds();
    await this.data.close();
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

  /** No proof may have failed, and the newest event must follow the one before it. */
  async #checkHead(): Promise<void> {
    const { store, log } = this.data;
    if (log.fault) throw new Error(`the log is broken: ${log.fault.message}`);
    await log.checkpoint();
    const { log_size } = await store.totals();
    const [before, last] =
      log_size < 2 ? [null, ...(await store.listEvents(0, 1))] : await store.listEvents(log_size - 2, 2);
    const fault = last ? chainFault(before ?? null, last) : null;
    if (fault) throw new Error(`the log is broken: ${fault}`);
  }

  async #checkRoom(): Promise<void> {
    this.data.assertUnmoved('blobs');
    const free = await this.data.blobs.freeBytes();
    const needed = this.config.get('limits', { infer: true }).bundle_bytes;
    if (free < needed) throw new Error(`${free} bytes are free for BLOBs, one bundle may need ${needed}`);
  }
}
