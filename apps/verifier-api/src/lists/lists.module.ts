import { Module } from '@nestjs/common';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { KnownLists } from './known-lists.js';
import { ListsController } from './lists.controller.js';
import { ListsService } from './lists.service.js';

/** What suppliers and owners are compared with. */
@Module({
  imports: [RegistryModule, IdempotencyModule],
  controllers: [ListsController],
  providers: [ListsService, KnownLists],
  exports: [KnownLists],
})
export class ListsModule {}
