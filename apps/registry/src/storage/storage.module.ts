import { type DynamicModule, Global, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { getToken } from '@willsoto/nestjs-prometheus';
import type { Config } from '@cap/config';
import type { CapError } from '@cap/core';
import { keyPassphrase } from '@cap/crypto/key-files';
import { Logs, type Registers } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import type { Counter, Histogram } from 'prom-client';
import { LOG_KEYS, loadLogKeys, type LogKeys } from './log-keys.js';
import { BROKEN_BLOBS, CHECKPOINT_FAILURES, COMMIT_DURATION, LOG_PROOF_FAILURES, registryMetrics } from './metrics.js';
import { StorageReadinessIndicators } from './readiness-indicators.js';
import { requireStateDirectories } from './state-directories.js';

type Configuration = ConfigService<Config, true>;

const logKeysProvider: Provider = {
  provide: LOG_KEYS,
  inject: [ConfigService, Logs],
  async useFactory(config: Configuration, logs: Logs): Promise<LogKeys> {
    const registry = config.get('registry', { infer: true });
    await requireStateDirectories(registry);
    const keys = await loadLogKeys(registry, await keyPassphrase());
    if (keys.created)
      logs
        .for('housekeeping')
        .warn('created a key for the log: back it up, and give its public key to everyone who checks receipts', {
          file: keys.created,
          verifier_key: keys.verifierKeys[0],
        });
    return keys;
  },
};

const dataProvider: Provider = {
  provide: RegistryData,
  inject: [
    ConfigService,
    LOG_KEYS,
    Logs,
    ...[COMMIT_DURATION, LOG_PROOF_FAILURES, CHECKPOINT_FAILURES, BROKEN_BLOBS].map(getToken),
  ],
  useFactory(
    config: Configuration,
    { keys }: LogKeys,
    logs: Logs,
    duration: Histogram,
    proofFailures: Counter,
    unpublished: Counter,
    brokenBlobs: Counter,
  ): Promise<RegistryData> {
    const { database, blobs, log } = config.get('registry', { infer: true });
    const [logLog, blobLog] = [logs.for('log'), logs.for('housekeeping')];
    // Both reasons are there from the start, so that the first broken BLOB is an increase.
    for (const reason of ['corrupt', 'missing']) brokenBlobs.inc({ reason }, 0);
    return RegistryData.open({
      database,
      blobs,
      program: 'cap-registry',
      queue: { onCommit: (seconds) => duration.observe(seconds) },
      onBrokenBlob({ code, message, details }: CapError) {
        brokenBlobs.inc({ reason: code.replace('blob.', '') });
        blobLog.error('a BLOB is broken: upload the same bytes again', { code, ...(details as object), why: message });
      },
      log: {
        origin: log.origin,
        keys,
        onProofFailure: () => proofFailures.inc(),
        onPublishFailure(error) {
          unpublished.inc();
          logLog.error('the newest checkpoint can not be written beside the database', { error });
        },
        onPublishRecovery: () => logLog.info('checkpoints are written again'),
      },
    });
  },
};

/** The registry's state, which every feature works on: opened with the application, closed when it ends. */
@Global()
@Module({})
export class StorageModule implements OnApplicationShutdown {
  constructor(private readonly data: RegistryData) {}

  static register(registers: Registers): DynamicModule {
    const metrics = registryMetrics(registers);
    return {
      module: StorageModule,
      providers: [logKeysProvider, dataProvider, StorageReadinessIndicators, ...metrics],
      exports: [LOG_KEYS, RegistryData, ...metrics],
    };
  }

  onApplicationShutdown(): Promise<void> {
    return this.data.close();
  }
}
