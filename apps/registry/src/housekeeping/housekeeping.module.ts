import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Housekeeping } from './housekeeping.js';

/** What runs at intervals. */
@Module({ imports: [ScheduleModule.forRoot()], providers: [Housekeeping] })
export class HousekeepingModule {}
