import { type DynamicModule, Module } from '@nestjs/common';
import { type Registers, RegistryConnectionModule } from '@cap/service-kit';
import { IdempotentWrites } from './idempotency/idempotent-writes.js';
import { ListsController } from './lists/lists.controller.js';
import { ReferenceLists } from './lists/reference-lists.js';
import { verifierMetrics } from './metrics.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { Policies } from './policy/policies.js';
import { PolicyController } from './policy/policy.controller.js';
import { PolicyService } from './policy/policy.service.js';
import { EntriesController } from './registry/entries.controller.js';
import { LogController } from './registry/log.controller.js';
import { trustProvider } from './trust.js';
import { UploadController } from './upload/upload.controller.js';
import { UploadService } from './upload/upload.service.js';
import { ProofThreads } from './verify/proof-threads.js';
import { VerificationService } from './verify/verification.service.js';
import { VerifyController } from './verify/verify.controller.js';

/** The public API. It keeps no state of its own: what must last is the registry's. */
@Module({})
export class VerifierModule {
  static register(registers: Registers): DynamicModule {
    return {
      module: VerifierModule,
      // Bundles are verified without it, by what the trust store and the caches know.
      imports: [RegistryConnectionModule.register({ onceIsEnough: true })],
      controllers: [
        VerifyController,
        UploadController,
        PolicyController,
        ListsController,
        EntriesController,
        LogController,
        OpenApiController,
      ],
      providers: [
        trustProvider,
        IdempotentWrites,
        Policies,
        PolicyService,
        ReferenceLists,
        UploadService,
        ProofThreads,
        VerificationService,
        ...verifierMetrics(registers),
      ],
    };
  }
}
