import type { ServiceDefinition } from '@cap/service-kit';
import { OpenApiController } from './openapi/openapi.controller.js';
import { registerForms } from './upload/form.js';
import { VerifierModule } from './verifier.module.js';

export const verifierService: ServiceDefinition = {
  binary: 'cap-verifier-api',
  role: 'verifier',
  description: 'verifies bundles and explains the verdict, check by check',
  module: (registers) => VerifierModule.register(registers),
  async configure(app, config) {
    await registerForms(app, config);
    app.get(OpenApiController).describe(app);
  },
};
