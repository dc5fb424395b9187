import { Module } from '@nestjs/common';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { UploadController } from './upload.controller.js';
import { UploadService } from './upload.service.js';

/** Bundles that are sent ahead of their verification. */
@Module({
  imports: [RegistryModule, IdempotencyModule],
  controllers: [UploadController],
  providers: [UploadService],
})
export class UploadModule {}
