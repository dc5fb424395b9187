import { Module } from '@nestjs/common';
import { RegistryConnectionModule } from '@cap/service-kit';
import { EntriesController } from './entries.controller.js';
import { LogController } from './log.controller.js';

/** The registry behind this API, and what callers may read of it. */
@Module({
  // Bundles are verified without it, by what the trust store and the caches know.
  imports: [RegistryConnectionModule.register({ onceIsEnough: true })],
  controllers: [EntriesController, LogController],
  exports: [RegistryConnectionModule],
})
export class RegistryModule {}
