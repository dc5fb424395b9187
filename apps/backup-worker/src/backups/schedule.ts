import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type Config, ConfigError } from '@cap/config';
import { Logs, type ModuleLog, Reload } from '@cap/service-kit';
import { CronJob, CronTime } from 'cron';
import { BackupRuns } from './backup-runs.js';

const JOB = 'backup';

/** ConfigError for a schedule that is no cron expression, or whose five fields name a time that never comes, such as 30 February. */
export function assertSchedule(schedule: string): void {
  const fail = (why: string): never => {
    const expected = `expected a cron expression, minute hour day month weekday (${why})`;
    throw new ConfigError([{ source: 'configuration', key: 'backup.schedule', expected }]);
  };
  let time: CronTime;
  try {
    time = new CronTime(schedule, 'UTC');
  } catch (error) {
    return fail((error as Error).message);
  }
  try {
    time.sendAt();
  } catch {
    fail('it never comes');
  }
}

/** Starts a backup at the times of backup.schedule, UTC, once the service serves: `run-once` has no next time. */
@Injectable()
export class Schedule {
  readonly #log: ModuleLog;

  constructor(
    private readonly jobs: SchedulerRegistry,
    private readonly runs: BackupRuns,
    private readonly config: ConfigService<Config, true>,
    reload: Reload,
    logs: Logs,
  ) {
    this.#log = logs.for('schedule');
    assertSchedule(config.get('backup', { infer: true }).schedule);
    reload.add('backup schedule', ({ backup }) => this.#set(backup.schedule), ['backup.schedule']);
  }

  start(): void {
    this.#set(this.config.get('backup', { infer: true }).schedule);
  }

  /** When the next one is due. */
  next(): Date {
    return this.jobs.getCronJob(JOB).nextDate().toJSDate();
  }

  #set(schedule: string): void {
    assertSchedule(schedule);
    if (this.jobs.doesExist('cron', JOB)) this.jobs.deleteCronJob(JOB);
    const job = CronJob.from({
      cronTime: schedule,
      timeZone: 'UTC',
      start: true,
      // What went wrong is in the log, the metrics and the run record.
      onTick: () => void this.runs.run().catch(() => undefined),
    });
    this.jobs.addCronJob(JOB, job);
    this.#log.info('scheduled', { schedule, next: this.next().toISOString() });
  }
}
