import { type DynamicModule, Module } from '@nestjs/common';
import {
  REGISTRY_CONNECTION_OPTIONS,
  RegistryConnection,
  type RegistryConnectionOptions,
} from './registry-connection.js';

/** For a service that calls the registry: `imports: [RegistryConnectionModule.register({ connections: 4 })]`. */
@Module({})
export class RegistryConnectionModule {
  static register(options: RegistryConnectionOptions = {}): DynamicModule {
    return {
      module: RegistryConnectionModule,
      providers: [{ provide: REGISTRY_CONNECTION_OPTIONS, useValue: options }, RegistryConnection],
      exports: [RegistryConnection],
    };
  }
}
