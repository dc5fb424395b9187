import { Module } from '@nestjs/common';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { TrustModule } from '../trust/trust.module.js';
import { KnownPolicies } from './known-policies.js';
import { PolicyController } from './policy.controller.js';
import { PolicyService } from './policy.service.js';

/** The policies that bundles are verified by. */
@Module({
  imports: [RegistryModule, IdempotencyModule, TrustModule],
  controllers: [PolicyController],
  providers: [PolicyService, KnownPolicies],
  exports: [KnownPolicies],
})
export class PolicyModule {}
