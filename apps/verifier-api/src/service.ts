import { type ServiceDefinition } from '@cap/service-kit';
import { OpenApiController } from './openapi/openapi.controller.js';
import { acceptBodies } from './bodies.js';
import { VerifierModule } from './verifier.module.js';

export const verifierService: ServiceDefinition = {
  binary: 'cap-verifier-api',
  role: 'verifier',
  description: 'judges bundles and says why, check by check',
  module: (config) => VerifierModule.open(config),
  fastify: acceptBodies,
  configure: (app) => app.get(OpenApiController).describe(app),
};
