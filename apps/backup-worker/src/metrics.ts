import { type BackupRecord, type BackupTarget, brokenBlobs, type RunRecord } from '@cap/backup';
import { counter, MetricSource } from '@cap/service-kit';

/** What the gauges tell, read off the target: so it outlives this process, and tells of backups that others made there. */
interface Told {
  newest: BackupRecord | null;
  run: RunRecord | null;
}

/** The process's metrics tell of one target: that of the worker that was made last. */
const shown: (() => BackupTarget)[] = [];

const source = () =>
  new MetricSource<Told>(
    { name: 'cap_backup_target_readable', help: '1 if the target of the backups could be read for this scrape' },
    async () => {
      const target = shown.at(-1)?.();
      if (!target) return null;
      const { backups } = await target.listOrNone();
      return { newest: backups[0] ?? null, run: await target.lastRun() };
    },
  );

const seconds = (time: string | null | undefined): number => (time ? Date.parse(time) / 1000 : 0);

/** The metrics of the target that `target` names at each time. Returns what ends that. */
export function exposeTarget(target: () => BackupTarget): () => void {
  shown.push(target);
  const told = source();
  told.gauge(
    'cap_backup_last_success_timestamp_seconds',
    'Time of the state that the newest verified backup holds',
    ({ newest }) => seconds(newest?.created_at),
  );
  told.gauge('cap_backup_incomplete', '1 if the newest backup leaves something out', ({ newest }) =>
    newest && newest.incomplete.length > 0 ? 1 : 0,
  );
  told.gauge(
    'cap_backup_broken_blobs',
    'BLOBs that the newest backup does not hold because the registry has lost them',
    ({ newest }) => brokenBlobs(newest?.incomplete ?? []).length,
  );
  told.gauge('cap_backup_size_bytes', 'Size of the newest verified backup', ({ newest }) => newest?.size_bytes ?? 0);
  told.gauge(
    'cap_backup_duration_seconds',
    'How long the last run took, its drill included',
    ({ run }) => run?.duration_seconds ?? 0,
  );
  told.gauge(
    'cap_backup_drill_last_success_timestamp_seconds',
    'When a backup was last restored without a fault',
    ({ run }) => seconds(run?.drilled_at),
  );
  return () => void shown.splice(shown.indexOf(target), 1);
}

export type Outcome = 'success' | 'failure';

const runs = () => counter({ name: 'cap_backup_runs_total', help: 'Runs of the backup', labelNames: ['outcome'] });

/** Both outcomes are there from the start, so that the first failure is an increase. */
export function announceRuns(): void {
  for (const outcome of ['success', 'failure'] satisfies Outcome[]) runs().inc({ outcome }, 0);
}

export const countRun = (outcome: Outcome): void => runs().inc({ outcome });
