import { Module } from '@nestjs/common';
import { StatusController } from './status.controller.js';

/** What the registry holds, in numbers. */
@Module({ controllers: [StatusController] })
export class StatusModule {}
