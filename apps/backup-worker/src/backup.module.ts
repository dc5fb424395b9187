import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { type Registers, RegistryConnectionModule } from '@cap/service-kit';
import { BackupsController } from './backups/backups.controller.js';
import { BackupRuns } from './backups/backup-runs.js';
import { backupMetrics } from './backups/metrics.js';
import { BackupReadinessIndicators } from './backups/readiness-indicators.js';
import { Schedule } from './backups/schedule.js';

/** One feature: a target, a registry to be backed up, and a time at which that happens. It keeps no state but what is on the target. */
@Module({})
export class BackupModule {
  static register(registers: Registers): DynamicModule {
    return {
      module: BackupModule,
      imports: [ScheduleModule.forRoot(), RegistryConnectionModule.register({ connections: 4 })],
      controllers: [BackupsController],
      providers: [BackupRuns, BackupReadinessIndicators, Schedule, ...backupMetrics(registers)],
    };
  }
}
