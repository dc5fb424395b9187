import { Module } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module.js';
import { IdempotentWrites } from './idempotent-writes.js';

/** Writes that callers may send again. */
@Module({ imports: [RegistryModule], providers: [IdempotentWrites], exports: [IdempotentWrites] })
export class IdempotencyModule {}
