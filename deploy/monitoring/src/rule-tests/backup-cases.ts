import { type Case, of, pair, series, target } from './case.ts';

const worker = target('cap-backup');
const { environment, instance } = worker;
/** promtool begins at 1970-01-01T00:00Z, so what was before is negative. */
const HOUR = 3600;
const LAST = of('cap-backup', 'cap_backup_last_success_timestamp_seconds');
const DRILL = of('cap-backup', 'cap_backup_drill_last_success_timestamp_seconds');
const INCOMPLETE = of('cap-backup', 'cap_backup_incomplete');
const leftOut = (reason: string) => of('cap-backup', 'cap_backup_left_out_files', { reason });
const runs = (outcome: string) => of('cap-backup', 'cap_backup_runs_total', { outcome });

export const backupCases: readonly Case[] = [
  ...pair(
    'CapBackupWorkerDown',
    {
      name: 'the worker stops',
      series: { [of('cap-backup', 'up')]: '1x5 0x30' },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', ...worker },
          summary: 'The backup worker backup-1:8082 is down',
          description: 'The backup worker backup-1:8082 does not answer its scrapes: up is 0.',
        },
      ],
    },
    { name: 'it restarts', series: { [of('cap-backup', 'up')]: '1x5 0x5 1x30' }, at: '15m' },
  ),
  ...pair(
    'CapBackupNotReady',
    {
      name: 'the target has no room',
      series: { [of('cap-backup', 'cap_ready', { check: 'target' })]: '0x30' },
      at: '20m',
      firing: [
        {
          labels: { severity: 'ticket', ...worker, check: 'target' },
          summary: 'The backup worker backup-1:8082 is not ready: target',
          description: 'The readiness check target of the backup worker backup-1:8082 fails: cap_ready is 0.',
        },
      ],
    },
    {
      name: 'the registry is not ready',
      series: { [of('cap-registry', 'cap_ready', { check: 'database' })]: '0x30' },
      at: '20m',
    },
  ),
  ...pair(
    'CapBackupTooOld',
    {
      name: 'a night was missed',
      series: { [LAST]: `${-28 * HOUR}x60` },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment },
          summary: 'The newest backup in production is too old',
          description: 'The newest verified backup in production is 1d 4h 30m 0s old (since 1970: there is none).',
        },
      ],
    },
    { name: 'the next one is due', series: { [LAST]: `${-24 * HOUR}x60` }, at: '30m' },
  ),
  ...pair(
    'CapBackupTooOld',
    {
      name: "the cluster's CronJob last succeeded two days ago",
      series: {
        [series('kube_cronjob_status_last_successful_time', {
          environment,
          cronjob: 'cap-backup',
          namespace: 'cap-system',
        })]: `${-48 * HOUR}x60`,
      },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment },
          summary: 'The newest backup in production is too old',
          description: 'The newest verified backup in production is 2d 0h 30m 0s old (since 1970: there is none).',
        },
      ],
    },
    {
      name: 'another CronJob',
      series: {
        [series('kube_cronjob_status_last_successful_time', {
          environment,
          cronjob: 'other',
          namespace: 'cap-system',
        })]: `${-48 * HOUR}x60`,
      },
      at: '30m',
    },
  ),
  ...pair(
    'CapBackupFromFuture',
    {
      name: 'the clock was a year ahead for a moment',
      series: { [LAST]: '31536000x60' },
      at: '10m',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'The newest backup in production is from the future',
          description:
            'The newest backup that backup-1:8082 sees was made in 364d 23h 50m 0s: its age says nothing any more.',
        },
      ],
    },
    { name: 'clocks differ by a minute', series: { [LAST]: '660x60' }, at: '10m' },
  ),
  ...pair(
    'CapBackupRunFailed',
    {
      name: 'the run of the night failed',
      series: { [runs('success')]: '3x600', [runs('failure')]: '0x120 1x480' },
      at: '10h',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'A backup run of backup-1:8082 failed',
          description: '1 backup runs of backup-1:8082 failed within the last twelve hours.',
        },
      ],
    },
    { name: 'it succeeded', series: { [runs('success')]: '3x120 4x480', [runs('failure')]: '0x600' }, at: '10h' },
  ),
  ...pair(
    'CapBackupIncomplete',
    {
      name: 'a file of the configuration has a name that archives may not contain',
      series: { [INCOMPLETE]: '1x60', [leftOut('private')]: '3x60', [leftOut('name')]: '1x60' },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'The newest backup of backup-1:8082 leaves something out',
          description: 'The newest backup of backup-1:8082 is incomplete: cap_backup_incomplete is 1.',
        },
      ],
    },
    {
      name: 'only private files are left out',
      series: { [INCOMPLETE]: '1x60', [leftOut('private')]: '3x60', [leftOut('name')]: '0x60' },
      at: '30m',
    },
  ),
  ...pair(
    'CapBackupIncomplete',
    {
      name: 'a worker that does not say why',
      series: { [INCOMPLETE]: '1x60' },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'The newest backup of backup-1:8082 leaves something out',
          description: 'The newest backup of backup-1:8082 is incomplete: cap_backup_incomplete is 1.',
        },
      ],
    },
    { name: 'nothing is left out', series: { [INCOMPLETE]: '0x60' }, at: '30m' },
  ),
  ...pair(
    'CapBackupDrillTooOld',
    {
      name: 'the last drill is a day and a half ago',
      series: { [DRILL]: `${-36 * HOUR}x60` },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment },
          summary: 'No backup in production was restored in a drill lately',
          description: 'The last successful drill in production was 1d 12h 30m 0s ago (since 1970: there was none).',
        },
      ],
    },
    { name: 'a drill each night', series: { [DRILL]: `${-25 * HOUR}x10 300x60` }, at: '30m' },
  ),
  ...pair(
    'CapBackupDrillFailed',
    {
      name: 'the newest backup is two hours old, and only the one before it was drilled',
      series: { [LAST]: `${-24 * HOUR}x10 600x180`, [DRILL]: `${-24 * HOUR + 30}x190` },
      at: '2h',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'The newest backup of backup-1:8082 did not survive its drill',
          description:
            'The newest backup of backup-1:8082 was made 1d 0h 9m 30s after the last successful drill: its own failed.',
        },
      ],
    },
    {
      name: 'its drill takes ten minutes',
      series: { [LAST]: `${-24 * HOUR}x10 600x180`, [DRILL]: `${-24 * HOUR + 30}x20 1200x170` },
      at: '2h',
    },
  ),
  ...pair(
    'CapBackupTargetUnreadable',
    {
      name: 'the share is gone',
      series: { [of('cap-backup', 'cap_backup_target_readable')]: '1x5 0x40' },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'backup-1:8082 can not read its backup target',
          description:
            'backup-1:8082 can not read the target of the backups (cap_backup_target_readable is 0): all its figures are old.',
        },
      ],
    },
    {
      name: 'it was away for a moment',
      series: { [of('cap-backup', 'cap_backup_target_readable')]: '1x5 0x2 1x40' },
      at: '30m',
    },
  ),
];
