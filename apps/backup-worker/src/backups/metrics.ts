import { Injectable, type Provider } from '@nestjs/common';
import { makeCounterProvider } from '@willsoto/nestjs-prometheus';
import { brokenBlobs, type RunRecord } from '@cap/backup';
import type { BackupRecord } from '@cap/contracts';
import { MetricSource, metricsOf, type Registers } from '@cap/service-kit';
import { BACKUP_RUNS, BackupRuns } from './backup-runs.js';

/** Values of the gauges, read from the target, so that they survive a restart and include backups made by other processes. */
interface TargetState {
  newest: BackupRecord | null;
  run: RunRecord | null;
}

@Injectable()
export class TargetSource extends MetricSource<TargetState> {
  constructor(runs: BackupRuns) {
    super(async () => {
      const { target } = runs;
      const { backups } = await target.listOrNone();
      return { newest: backups[0] ?? null, run: await target.lastRun() };
    });
  }
}

const seconds = (time: string | null | undefined): number => (time ? Date.parse(time) / 1000 : 0);

export function backupMetrics(registers: Registers): Provider[] {
  const target = metricsOf(TargetSource, registers);
  return [
    makeCounterProvider({ name: BACKUP_RUNS, help: 'Runs of the backup', labelNames: ['outcome'], registers }),
    TargetSource,
    target.readable('cap_backup_target_readable', '1 if the target of the backups could be read for this scrape'),
    target.gauge(
      'cap_backup_last_success_timestamp_seconds',
      'Time of the state that the newest verified backup holds',
      ({ newest }) => seconds(newest?.created_at),
    ),
    target.gauge('cap_backup_incomplete', '1 if the newest backup leaves something out', ({ newest }) =>
      newest && newest.incomplete.length > 0 ? 1 : 0,
    ),
    target.gauge(
      'cap_backup_broken_blobs',
      'BLOBs that the newest backup does not hold because the registry has lost them',
      ({ newest }) => brokenBlobs(newest?.incomplete ?? []).length,
    ),
    target.gauge(
      'cap_backup_size_bytes',
      'Size of the newest verified backup',
      ({ newest }) => newest?.size_bytes ?? 0,
    ),
    target.gauge(
      'cap_backup_duration_seconds',
      'How long the last run took, its drill included',
      ({ run }) => run?.duration_seconds ?? 0,
    ),
    target.gauge(
      'cap_backup_drill_last_success_timestamp_seconds',
      'When a backup was last restored without a fault',
      ({ run }) => seconds(run?.drilled_at),
    ),
  ];
}
