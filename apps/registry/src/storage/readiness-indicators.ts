import { Inject, Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import { Expiries, Readiness } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import { chainFault } from '@cap/tlog';
import { LOG_KEYS, type LogKeys } from './log-keys.js';

/** A commit that takes longer than this is stuck. */
const STALLED_MS = 15_000;

/** What the registry needs; readiness names what is missing, and a metric what expires. */
@Injectable()
export class StorageReadinessIndicators {
  constructor(
    private readonly data: RegistryData,
    private readonly config: ConfigService<Config, true>,
    @Inject(LOG_KEYS) { ends }: LogKeys,
    readiness: Readiness,
    expiries: Expiries,
  ) {
    readiness.add('database', () => this.#checkDatabase());
    readiness.add('log', () => this.#checkHead());
    readiness.add('checkpoints', () => this.#checkCheckpoints());
    readiness.add('blobs', () => this.#checkRoom());
    expiries.add(() => ends.map(({ file, validTo }) => ({ kind: 'log-key', name: file, expiresAt: validTo })));
  }

  async #checkDatabase(): Promise<void> {
    this.data.assertUnmoved('database');
    const waited = this.data.store.writingForMs();
    if (waited > STALLED_MS) throw new Error(`a commit has waited for the database for ${Math.floor(waited / 1000)} s`);
    await this.data.store.totals();
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

  #checkCheckpoints(): void {
    this.data.assertUnmoved('checkpoints');
    const { checkpointFault } = this.data.log;
    if (checkpointFault) throw checkpointFault;
  }

  async #checkRoom(): Promise<void> {
    this.data.assertUnmoved('blobs');
    const free = await this.data.freeBlobBytes();
    const needed = this.config.get('limits', { infer: true }).bundle_bytes;
    if (free < needed) throw new Error(`${free} bytes are free for BLOBs, one bundle may need ${needed}`);
  }
}
