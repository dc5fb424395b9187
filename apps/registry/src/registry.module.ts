import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { Registers } from '@cap/service-kit';
import { BlobsController } from './blobs/blobs.controller.js';
import { EntriesController } from './entries/entries.controller.js';
import { EventsController } from './events/events.controller.js';
import { IdempotencyController } from './idempotency/idempotency.controller.js';
import { ListsController } from './lists/lists.controller.js';
import { ListsService } from './lists/lists.service.js';
import { Housekeeping } from './housekeeping.js';
import { LogController } from './log/log.controller.js';
import { PoliciesController } from './policies/policies.controller.js';
import { PoliciesService } from './policies/policies.service.js';
import { RegistryReadiness } from './readiness.js';
import { RetentionController } from './retention/retention.controller.js';
import { SnapshotsController } from './snapshots/snapshots.controller.js';
import { StatusController } from './status/status.controller.js';
import { StorageModule } from './storage.module.js';

/** The internal API over the registry's state. */
@Module({})
export class RegistryModule {
  static register(registers: Registers): DynamicModule {
    return {
      module: RegistryModule,
      imports: [ScheduleModule.forRoot(), StorageModule.register(registers)],
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
      providers: [PoliciesService, ListsService, RegistryReadiness, Housekeeping],
    };
  }
}
