import type { AlertRule, RuleSettings } from './alert.ts';

/** Backups, their drills, and the worker that makes them. */
export const backupAlerts = ({ windows, thresholds }: RuleSettings): readonly AlertRule[] => {
  const over = (nominal: Parameters<typeof windows.duration>[0]) => `[${windows.duration(nominal)}]`;
  return [
    {
      alert: 'CapBackupWorkerDown',
      value: 'max by (environment, job, instance) (up{job="cap-backup"})',
      comparison: '==',
      threshold: 0,
      for: '15m',
      severity: 'ticket',
      summary: 'The backup worker {{ $labels.instance }} is down',
      description: 'The backup worker {{ $labels.instance }} does not answer its scrapes: up is {{ $value }}.',
    },
    {
      alert: 'CapBackupNotReady',
      value: 'min by (environment, job, instance, check) (cap_ready{job="cap-backup", check!="shutdown"})',
      comparison: '==',
      threshold: 0,
      for: '15m',
      severity: 'ticket',
      summary: 'The backup worker {{ $labels.instance }} is not ready: {{ $labels.check }}',
      description:
        'The readiness check {{ $labels.check }} of the backup worker {{ $labels.instance }} fails: cap_ready is {{ $value }}.',
    },
    {
      alert: 'CapBackupTooOld',
      value:
        'time() - (max by (environment) (cap_backup_last_success_timestamp_seconds) or max by (environment) (kube_cronjob_status_last_successful_time{cronjob="cap-backup"}))',
      comparison: '>',
      threshold: thresholds.backupAgeSeconds,
      for: '15m',
      severity: 'ticket',
      summary: 'The newest backup in {{ $labels.environment }} is too old',
      description:
        'The newest verified backup in {{ $labels.environment }} is {{ $value | humanizeDuration }} old (since 1970: there is none).',
    },
    {
      alert: 'CapBackupFromFuture',
      value: 'max by (environment, instance) (cap_backup_last_success_timestamp_seconds) - time()',
      comparison: '>',
      threshold: thresholds.backupFutureSeconds,
      severity: 'ticket',
      summary: 'The newest backup in {{ $labels.environment }} is from the future',
      description:
        'The newest backup that {{ $labels.instance }} sees was made in {{ $value | humanizeDuration }}: its age says nothing any more.',
    },
    {
      alert: 'CapBackupRunFailed',
      value: `sum by (environment, instance) (increase(cap_backup_runs_total{outcome="failure"}${over('12h')}))`,
      comparison: '>',
      threshold: 0,
      severity: 'ticket',
      summary: 'A backup run of {{ $labels.instance }} failed',
      description: '{{ $value | humanize }} backup runs of {{ $labels.instance }} failed within the last twelve hours.',
    },
    {
      alert: 'CapBackupIncomplete',
      value: 'max by (environment, instance) (cap_backup_incomplete)',
      comparison: '==',
      threshold: 1,
      // What is private is left out on purpose and kept by other means. Until the metric exists, everything counts.
      condition:
        'unless on (environment, instance) sum by (environment, instance) (cap_backup_left_out_files{reason!="private"}) == 0',
      for: '15m',
      severity: 'ticket',
      summary: 'The newest backup of {{ $labels.instance }} leaves something out',
      description: 'The newest backup of {{ $labels.instance }} is incomplete: cap_backup_incomplete is {{ $value }}.',
    },
    {
      alert: 'CapBackupDrillTooOld',
      value: 'time() - max by (environment) (cap_backup_drill_last_success_timestamp_seconds)',
      comparison: '>',
      threshold: thresholds.drillAgeSeconds,
      for: '15m',
      severity: 'ticket',
      summary: 'No backup in {{ $labels.environment }} was restored in a drill lately',
      description:
        'The last successful drill in {{ $labels.environment }} was {{ $value | humanizeDuration }} ago (since 1970: there was none).',
    },
    {
      alert: 'CapBackupDrillFailed',
      value:
        'max by (environment, instance) (cap_backup_last_success_timestamp_seconds) - max by (environment, instance) (cap_backup_drill_last_success_timestamp_seconds)',
      comparison: '>',
      threshold: 0,
      for: '1h',
      severity: 'ticket',
      summary: 'The newest backup of {{ $labels.instance }} did not survive its drill',
      description:
        'The newest backup of {{ $labels.instance }} was made {{ $value | humanizeDuration }} after the last successful drill: its own failed.',
    },
    {
      alert: 'CapBackupTargetUnreadable',
      value: 'min by (environment, instance) (cap_backup_target_readable)',
      comparison: '==',
      threshold: 0,
      for: '15m',
      severity: 'ticket',
      summary: '{{ $labels.instance }} can not read its backup target',
      description:
        '{{ $labels.instance }} can not read the target of the backups (cap_backup_target_readable is {{ $value }}): all its figures are old.',
    },
  ];
};
