import { Module } from '@nestjs/common';
import { LogController } from './log.controller.js';

/** Proofs of the log. */
@Module({ controllers: [LogController] })
export class LogModule {}
