import type { ServiceDefinition } from '@cap/service-kit';
import { RegistryModule } from './registry.module.js';

export const registryService: ServiceDefinition = {
  binary: 'cap-registry',
  role: 'registry',
  description: 'policies, reference lists, bundles and the log of what was registered',
  module: (registers) => RegistryModule.register(registers),
};
