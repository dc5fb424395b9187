import { type DynamicModule, Module } from '@nestjs/common';
import type { Registers } from '@cap/service-kit';
import { BlobsModule } from './blobs/blobs.module.js';
import { EntriesModule } from './entries/entries.module.js';
import { EventsModule } from './events/events.module.js';
import { HousekeepingModule } from './housekeeping/housekeeping.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { ListsModule } from './lists/lists.module.js';
import { LogModule } from './log/log.module.js';
import { PoliciesModule } from './policies/policies.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { SnapshotsModule } from './snapshots/snapshots.module.js';
import { StatusModule } from './status/status.module.js';
import { StorageModule } from './storage/storage.module.js';

/** The internal API over the registry's state, feature by feature. */
@Module({})
export class RegistryModule {
  static register(registers: Registers): DynamicModule {
    return {
      module: RegistryModule,
      imports: [
        StorageModule.register(registers),
        StatusModule,
        PoliciesModule,
        ListsModule,
        BlobsModule,
        EntriesModule,
        EventsModule,
        IdempotencyModule,
        LogModule,
        RetentionModule,
        SnapshotsModule,
        HousekeepingModule,
      ],
    };
  }
}
