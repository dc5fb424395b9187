import type { AlertRule } from '../alerts/index.ts';
import type { BoardFacts } from './board.ts';
import { stat, timeseries } from './panel.ts';
import { at, sumBy } from './queries.ts';

const NO_WORKER = 'No backup worker is scraped';
const PLANNED = 'The backup worker does not report it yet';
const AGE = `time() - max by (instance) (${at('cap_backup_last_success_timestamp_seconds')} > 0)`;
const DRILL_AGE = `time() - max by (instance) (${at('cap_backup_drill_last_success_timestamp_seconds')} > 0)`;
const NEVER = 'There is no backup, or no worker is scraped';

/** Whether the registry could be restored, and to which state. */
export const backupBoard = (alert: (name: string) => AlertRule): BoardFacts => ({
  uid: 'cap-backup',
  title: 'CAP Backup',
  description: 'Age of the newest verified backup and of its drill, what it leaves out, its size and duration.',
  time: { from: 'now-7d', to: 'now' },
  rows: {
    'Could we restore?': [
      {
        height: 5,
        panels: [
          stat({
            title: 'Age of the newest verified backup',
            description: 'Age of the state that the newest verified backup holds: so much would be lost now.',
            unit: 'seconds',
            queries: [{ expr: AGE, legend: '{{instance}}' }],
            empty: NEVER,
            alert: alert('CapBackupTooOld'),
          }),
          stat({
            title: 'Last successful drill',
            description: 'How long ago a backup was restored and checked without a fault.',
            unit: 'seconds',
            queries: [{ expr: DRILL_AGE, legend: '{{instance}}' }],
            empty: 'No drill has succeeded, or no worker is scraped',
            alert: alert('CapBackupDrillTooOld'),
          }),
          stat({
            title: 'Newest backup',
            description:
              'Whether the newest backup leaves anything out. Private keys count: they are left out by default.',
            unit: 'none',
            queries: [{ expr: `max by (instance) (${at('cap_backup_incomplete')})`, legend: '{{instance}}' }],
            empty: NO_WORKER,
            alert: alert('CapBackupIncomplete'),
            texts: { '0': 'complete', '1': 'leaves something out' },
          }),
          stat({
            title: 'Broken BLOBs left out',
            description:
              'BLOBs that the newest backup leaves out because the registry has lost them; the log names them.',
            unit: 'count',
            queries: [{ expr: `max by (instance) (${at('cap_backup_broken_blobs')})`, legend: '{{instance}}' }],
            empty: NO_WORKER,
            alert: alert('CapBlobBroken'),
          }),
          stat({
            title: 'Target readable',
            description: 'Whether the target could be read for the last scrape; if not, all figures here are old.',
            unit: 'none',
            queries: [{ expr: `min by (instance) (${at('cap_backup_target_readable')})`, legend: '{{instance}}' }],
            empty: NO_WORKER,
            alert: alert('CapBackupTargetUnreadable'),
            texts: { '0': 'no', '1': 'yes' },
          }),
          stat({
            title: 'Last run',
            description: 'Whether the last run is running, succeeded, failed or was killed.',
            unit: 'none',
            queries: [{ expr: `max by (outcome) (${at('cap_backup_last_run')}) == 1`, legend: '{{outcome}}' }],
            empty: PLANNED,
            show: 'name',
          }),
        ],
      },
    ],
    Runs: [
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Age of backup and drill',
            description: 'A saw-tooth of one day if all is well; a tooth that goes on rising is a missed night.',
            unit: 'seconds',
            queries: [
              { expr: AGE, legend: '{{instance}} backup' },
              { expr: DRILL_AGE, legend: '{{instance}} drill' },
            ],
            empty: NEVER,
            alert: alert('CapBackupTooOld'),
            min: 0,
          }),
          timeseries({
            title: 'Failed runs',
            description: 'Runs that failed within twelve hours; the log of the worker has the reason.',
            unit: 'count',
            queries: [
              {
                expr: sumBy('instance', `increase(${at('cap_backup_runs_total', 'outcome="failure"')}[12h])`),
                legend: '{{instance}}',
              },
            ],
            empty: NO_WORKER,
            alert: alert('CapBackupRunFailed'),
            min: 0,
          }),
          timeseries({
            title: 'Runs',
            description: 'Runs within a day by outcome, since the worker started.',
            unit: 'count',
            queries: [
              {
                expr: sumBy('outcome', `increase(${at('cap_backup_runs_total')}[1d])`),
                legend: '{{outcome}}',
              },
            ],
            empty: NO_WORKER,
            orange: '/failure/',
          }),
        ],
      },
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Size',
            description: 'Size of the newest verified backup. A jump, up or down, deserves a look.',
            unit: 'bytes',
            queries: [{ expr: at('cap_backup_size_bytes'), legend: '{{instance}}' }],
            empty: NO_WORKER,
            min: 0,
          }),
          timeseries({
            title: 'Duration',
            description: 'How long the last run took, including its drill.',
            unit: 'seconds',
            queries: [{ expr: at('cap_backup_duration_seconds'), legend: '{{instance}}' }],
            empty: NO_WORKER,
            min: 0,
          }),
          timeseries({
            title: 'Files left out',
            description: 'Files that the newest backup leaves out, by reason; private ones are left out on purpose.',
            unit: 'count',
            queries: [{ expr: sumBy('reason', at('cap_backup_left_out_files')), legend: '{{reason}}' }],
            empty: PLANNED,
          }),
          timeseries({
            title: 'Room at the target',
            description: 'Free share of the target; a run needs room for the archive and for its unpacked files.',
            unit: 'ratio',
            queries: [
              {
                expr: `${at('cap_disk_free_bytes', 'volume="target"')} / ${at('cap_disk_total_bytes', 'volume="target"')}`,
                legend: '{{instance}}',
              },
            ],
            empty: PLANNED,
            alert: alert('CapDiskAlmostFull'),
            min: 0,
            max: 1,
          }),
        ],
      },
      {
        height: 6,
        panels: [
          stat({
            title: 'What a backup needs',
            description: 'Readiness checks of the worker: target, registry, signing key, sources, certificate.',
            unit: 'none',
            queries: [
              {
                expr: `min by (check) (${at('cap_ready', 'job="cap-backup"')})`,
                legend: '{{check}}',
              },
            ],
            empty: NO_WORKER,
            alert: alert('CapBackupNotReady'),
            texts: { '0': 'missing', '1': 'there' },
            show: 'both',
          }),
          stat({
            title: 'Signing key expires in',
            description:
              'After this no backup is made (exit 77): create another key and name it in backup.signing_key.',
            unit: 'seconds',
            queries: [
              {
                expr: `min by (instance) (${at('cap_expiry_timestamp_seconds', 'kind="signing-key"')}) - time()`,
                legend: '{{instance}}',
              },
            ],
            empty: 'No signing key with a record, or no worker is scraped',
            alert: alert('CapKeyExpiring'),
          }),
        ],
      },
    ],
  },
});
