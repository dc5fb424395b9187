import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { type Registers, RegistryConnectionModule } from '@cap/service-kit';
import { BackupsController } from './backups/backups.controller.js';
import { BackupRuns } from './backups/backup-runs.js';
import { backupMetrics } from './metrics.js';
import { Needs } from './needs.js';
import { Schedule } from './schedule.js';

/** A target, a registry to be backed up, and a time at which that happens. It keeps no state but what is on the target. */
@Module({})
export class BackupModule {
  static register(registers: Registers): DynamicModule {
    return {
      module: BackupModule,
      imports: [ScheduleModule.forRoot(), RegistryConnectionModule.register({ connections: 4 })],
      controllers: [BackupsController],
      providers: [BackupRuns, Needs, Schedule, ...backupMetrics(registers)],
    };
  }
}
