import { type DynamicModule, Module } from '@nestjs/common';
import { type Config } from '@cap/config';
import { BackupsController } from './backups/backups.controller.js';
import { BackupRuns } from './backups/backup-runs.js';
import { Needs } from './needs.js';
import { RegistryConnection } from './registry/connection.js';
import { assertSchedule, Schedule } from './schedule.js';

/** A target, a registry to be backed up, and a time at which that happens. It keeps no state but what is on the target. */
@Module({})
export class BackupModule {
  static async open({ backup }: Config): Promise<DynamicModule> {
    assertSchedule(backup.schedule);
    // Nest has to be evaluated before packages that require it.
    const { ScheduleModule } = await import('@nestjs/schedule');
    return {
      module: BackupModule,
      imports: [ScheduleModule.forRoot()],
      controllers: [BackupsController],
      providers: [RegistryConnection, BackupRuns, Needs, Schedule],
    };
  }
}
