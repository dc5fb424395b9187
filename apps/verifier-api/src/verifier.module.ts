import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type Config } from '@cap/config';
import { assertCeremony } from '@cap/proof';
import { type Ending, exposeEndings, Reload } from '@cap/service-kit';
import { IdempotentWrites } from './idempotency/idempotent-writes.js';
import { ListsController } from './lists/lists.controller.js';
import { ReferenceLists } from './lists/reference-lists.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { Policies } from './policy/policies.js';
import { PolicyController } from './policy/policy.controller.js';
import { PolicyService } from './policy/policy.service.js';
import { RegistryConnection } from './registry/connection.js';
import { EntriesController } from './registry/entries.controller.js';
import { LogController } from './registry/log.controller.js';
import { Trust } from './trust.js';
import { UploadController } from './upload/upload.controller.js';
import { UploadService } from './upload/upload.service.js';
import { configuredBackends, VerificationService } from './verify/verification.service.js';
import { ProofThreads } from './verify/proof-threads.js';
import { VerifyController } from './verify/verify.controller.js';

/** The public API. It keeps no state of its own: what must last is the registry's. */
@Module({})
export class VerifierModule implements OnApplicationShutdown {
  readonly onApplicationShutdown: () => void;

  constructor(@Inject(Trust) trust: Trust, @Inject(Reload) reload: Reload) {
    trust.reloadWith(reload);
    const signers = () => trust.store?.document.signers ?? [];
    this.onApplicationShutdown = exposeEndings(() =>
      signers().map(({ kid, valid_to }): Ending => ({ kind: 'trusted-signer', name: kid, ends: new Date(valid_to) })),
    );
  }

  static async open(config: Config): Promise<DynamicModule> {
    configuredBackends(config.verification); // a wrong name stops the program before anything else starts
    await assertCeremony();
    return {
      module: VerifierModule,
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
        { provide: Trust, useValue: await Trust.open(config) },
        RegistryConnection,
        IdempotentWrites,
        Policies,
        PolicyService,
        ReferenceLists,
        UploadService,
        ProofThreads,
        VerificationService,
      ],
    };
  }
}
