import { type DynamicModule, Module } from '@nestjs/common';
import { type Config } from '@cap/config';
import { RegistryData } from '@cap/storage';
import { BlobsController } from './blobs/blobs.controller.js';
import { EntriesController } from './entries/entries.controller.js';
import { EventsController } from './events/events.controller.js';
import { IdempotencyController } from './idempotency/idempotency.controller.js';
import { ListsController } from './lists/lists.controller.js';
import { ListsService } from './lists/lists.service.js';
import { Housekeeping } from './housekeeping.js';
import { commitDuration } from './metrics.js';
import { PoliciesController } from './policies/policies.controller.js';
import { PoliciesService } from './policies/policies.service.js';
import { SnapshotsController } from './snapshots/snapshots.controller.js';
import { StatusController } from './status/status.controller.js';

/** The internal API over one data directory, which this process owns from `open` until the application closes. */
@Module({})
export class RegistryModule {
  static async open({ registry }: Config): Promise<DynamicModule> {
    const duration = commitDuration();
    const data = await RegistryData.open({
      database: registry.database,
      blobs: registry.blobs,
      program: 'cap-registry',
      queue: { onCommit: (seconds) => duration.observe(seconds) },
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
        SnapshotsController,
      ],
      providers: [{ provide: RegistryData, useValue: data }, PoliciesService, ListsService, Housekeeping],
    };
  }
}
