import { Module } from '@nestjs/common';
import { RetentionController } from './retention.controller.js';

/** Evidence that is older than it has to be kept. */
@Module({ controllers: [RetentionController] })
export class RetentionModule {}
