import { Module } from '@nestjs/common';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ListsModule } from '../lists/lists.module.js';
import { PolicyModule } from '../policy/policy.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { TrustModule } from '../trust/trust.module.js';
import { ProofThreadsModule } from './proof-threads.js';
import { VerificationService } from './verification.service.js';
import { VerifyController } from './verify.controller.js';

/** Verdicts. */
@Module({
  imports: [RegistryModule, IdempotencyModule, PolicyModule, ListsModule, TrustModule, ProofThreadsModule],
  controllers: [VerifyController],
  providers: [VerificationService],
})
export class VerifyModule {}
