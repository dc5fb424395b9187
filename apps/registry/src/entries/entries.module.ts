import { Module } from '@nestjs/common';
import { EntriesController } from './entries.controller.js';

/** Registered verdicts. */
@Module({ controllers: [EntriesController] })
export class EntriesModule {}
