import { type DynamicModule, Module } from '@nestjs/common';
import type { Registers } from '@cap/service-kit';
import { ListsModule } from './lists/lists.module.js';
import { VerifierMetricsModule } from './metrics.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { PolicyModule } from './policy/policy.module.js';
import { RegistryModule } from './registry/registry.module.js';
import { UploadModule } from './upload/upload.module.js';
import { VerifyModule } from './verify/verify.module.js';

/** The public API, feature by feature. It keeps no state of its own: what must last is the registry's. */
@Module({})
export class VerifierModule {
  static register(registers: Registers): DynamicModule {
    return {
      module: VerifierModule,
      imports: [
        VerifierMetricsModule.register(registers),
        VerifyModule,
        UploadModule,
        PolicyModule,
        ListsModule,
        RegistryModule,
      ],
      controllers: [OpenApiController],
    };
  }
}
