import type { AlertRule, RuleSettings } from './alert.ts';

/** The registry's data and its log. */
export const registryAlerts = ({ windows, thresholds }: RuleSettings): readonly AlertRule[] => {
  const over = (nominal: Parameters<typeof windows.duration>[0]) => `[${windows.duration(nominal)}]`;
  return [
    {
      alert: 'CapLogProofFailed',
      value: 'cap_log_proof_failures_total',
      comparison: '>',
      threshold: 0,
      severity: 'page',
      summary: 'The log of {{ $labels.instance }} is broken',
      description: '{{ $value }} proofs of the log of {{ $labels.instance }} did not hold when they were checked.',
      promises: [5, 6],
    },
    {
      alert: 'CapLogShrank',
      value: `max by (environment) (cap_registry_log_size) - max by (environment) (max_over_time(cap_registry_log_size${over('1d')}))`,
      comparison: '<',
      threshold: 0,
      severity: 'page',
      summary: 'The log in {{ $labels.environment }} has lost events',
      description:
        'The log in {{ $labels.environment }} has {{ $value }} events compared with its largest size of the last day.',
      promises: [1, 2, 5],
    },
    {
      alert: 'CapCheckpointsFailing',
      // It tries again after a second, and later every minute: what is over within three minutes was a hiccup.
      value: `increase(cap_log_checkpoint_failures_total${over('3m')})`,
      comparison: '>',
      threshold: 0,
      for: '5m',
      severity: 'page',
      summary: '{{ $labels.instance }} can not write checkpoints',
      description:
        '{{ $labels.instance }} failed {{ $value | humanize }} times within three minutes to write a checkpoint beside its database.',
      promises: [5],
    },
    {
      alert: 'CapBlobBroken',
      value: `(sum by (environment, job, instance) (increase(cap_blob_read_failures_total${over('6h')})) or sum by (environment, job, instance) (cap_backup_broken_blobs))`,
      comparison: '>',
      threshold: 0,
      severity: 'ticket',
      summary: 'BLOBs of the registry are missing or damaged',
      description:
        '{{ $labels.instance }} ({{ $labels.job }}) counts {{ $value | humanize }} BLOBs, or reads of them, that are missing or damaged.',
      promises: [2, 4],
    },
    {
      alert: 'CapCommitsSlow',
      value: `histogram_quantile(0.95, sum by (environment, instance, le) (rate(cap_registry_commit_duration_seconds_bucket${over('10m')})))`,
      comparison: '>',
      threshold: thresholds.commitSeconds,
      for: '10m',
      severity: 'ticket',
      summary: 'Writes of {{ $labels.instance }} are slow',
      description: 'One in twenty commits of {{ $labels.instance }} takes longer than {{ $value | humanizeDuration }}.',
      promises: [1],
    },
    {
      alert: 'CapWalGrowing',
      value: 'cap_registry_wal_bytes',
      comparison: '>',
      threshold: thresholds.walBytes,
      for: '15m',
      severity: 'ticket',
      summary: 'The write-ahead log of {{ $labels.instance }} does not shrink',
      description: 'The write-ahead log of {{ $labels.instance }} has {{ $value | humanize1024 }}B.',
    },
    {
      alert: 'CapHousekeepingStalled',
      value: 'time() - max by (environment, task) (cap_housekeeping_last_success_timestamp_seconds)',
      comparison: '>',
      threshold: thresholds.housekeepingAgeSeconds,
      for: '15m',
      severity: 'ticket',
      summary: 'The housekeeping task {{ $labels.task }} in {{ $labels.environment }} does not run',
      description:
        'The housekeeping task {{ $labels.task }} in {{ $labels.environment }} last finished {{ $value | humanizeDuration }} ago.',
      promises: [7],
      planned: true,
    },
  ];
};
