import { Module } from '@nestjs/common';
import { IdempotencyController } from './idempotency.controller.js';

/** Keys under which the verifier carries a write out once. */
@Module({ controllers: [IdempotencyController] })
export class IdempotencyModule {}
