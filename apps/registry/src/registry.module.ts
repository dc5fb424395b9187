import { type DynamicModule, Module } from '@nestjs/common';
import { type Config } from '@cap/config';
import { keyPassphrase } from '@cap/crypto';
import { type Logs } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import { BlobsController } from './blobs/blobs.controller.js';
import { EntriesController } from './entries/entries.controller.js';
import { EventsController } from './events/events.controller.js';
import { IdempotencyController } from './idempotency/idempotency.controller.js';
import { ListsController } from './lists/lists.controller.js';
import { ListsService } from './lists/lists.service.js';
import { Housekeeping } from './housekeeping.js';
import { LogController } from './log/log.controller.js';
import { loadLogKeys } from './log/log-keys.js';
import { LOG_KEYS } from './log/tokens.js';
import { checkpointFailures, commitDuration, logProofFailures } from './metrics.js';
import { PoliciesController } from './policies/policies.controller.js';
import { PoliciesService } from './policies/policies.service.js';
import { RetentionController } from './retention/retention.controller.js';
import { SnapshotsController } from './snapshots/snapshots.controller.js';
import { requireStateDirectories } from './state-directories.js';
import { StatusController } from './status/status.controller.js';

/** The internal API over the registry's state, which is open until the application closes. */
@Module({})
export class RegistryModule {
  static async open(config: Config, logs: Logs): Promise<DynamicModule> {
    const { registry } = config;
    const duration = commitDuration();
    const proofFailures = logProofFailures();
    const unpublished = checkpointFailures();
    const log = logs.for('log');
    await requireStateDirectories(config);
    const logKeys = await loadLogKeys(config, await keyPassphrase());
    const data = await RegistryData.open({
      database: registry.database,
      blobs: registry.blobs,
      program: 'cap-registry',
      queue: { onCommit: (seconds) => duration.observe(seconds) },
      log: {
        origin: registry.log.origin,
        keys: logKeys.keys,
        onProofFailure: () => proofFailures.inc(),
        onPublishFailure: (error) => {
          unpublished.inc();
          log.error('the newest checkpoint can not be written beside the database', { error });
        },
        onPublishRecovery: () => log.info('checkpoints are written again'),
      },
    });
    return {
      module: RegistryModule,
      controllers: [
        StatusController,
        PoliciesController,
        ListsController,
        BlobsController,
        EntriesController,
        EventsController,
        IdempotencyController,
        LogController,
        RetentionController,
        SnapshotsController,
      ],
      providers: [
        { provide: RegistryData, useValue: data },
        { provide: LOG_KEYS, useValue: logKeys },
        PoliciesService,
        ListsService,
        Housekeeping,
      ],
    };
  }
}
