import { type DynamicModule, Module } from '@nestjs/common';
import type { Registers } from '@cap/service-kit';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ListsModule } from '../lists/lists.module.js';
import { verifierMetrics } from '../metrics.js';
import { PolicyModule } from '../policy/policy.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { TrustModule } from '../trust/trust.module.js';
import { ProofThreads } from './proof-threads.js';
import { VerificationService } from './verification.service.js';
import { VerifyController } from './verify.controller.js';

/** Verdicts. */
@Module({})
export class VerifyModule {
  static register(registers: Registers): DynamicModule {
    return {
      module: VerifyModule,
      imports: [RegistryModule, IdempotencyModule, PolicyModule, ListsModule, TrustModule],
      controllers: [VerifyController],
      providers: [VerificationService, ProofThreads, ...verifierMetrics(registers)],
    };
  }
}
