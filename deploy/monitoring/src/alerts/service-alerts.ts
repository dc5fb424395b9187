import type { AlertRule, RuleSettings } from './alert.ts';

/** Any of the three services, or what its process needs. */
export const serviceAlerts = ({ windows, thresholds }: RuleSettings): readonly AlertRule[] => {
  const over = (nominal: Parameters<typeof windows.duration>[0]) => `[${windows.duration(nominal)}]`;
  return [
    {
      alert: 'CapServiceDown',
      value: 'max by (environment, job) (up{job=~"cap-(verifier|registry)"})',
      comparison: '==',
      threshold: 0,
      for: '2m',
      severity: 'page',
      summary: '{{ $labels.job }} is down',
      description:
        'No instance of {{ $labels.job }} in {{ $labels.environment }} answers its scrapes: up is {{ $value }}.',
      promises: [1],
    },
    {
      alert: 'CapInstanceDown',
      value: 'max by (environment, job, instance) (up{job=~"cap-(verifier|registry)"})',
      comparison: '==',
      threshold: 0,
      for: '5m',
      severity: 'ticket',
      summary: '{{ $labels.instance }} ({{ $labels.job }}) is down',
      description: '{{ $labels.instance }} of {{ $labels.job }} does not answer its scrapes: up is {{ $value }}.',
    },
    {
      alert: 'CapTargetMissing',
      value: '(absent(up{job="cap-verifier"}) or absent(up{job="cap-registry"}))',
      comparison: '==',
      threshold: 1,
      for: '5m',
      severity: 'page',
      summary: 'Nobody scrapes {{ $labels.job }}',
      description:
        'Prometheus has no target with the job {{ $labels.job }} (absent is {{ $value }}): nothing would tell of its outage.',
    },
    {
      alert: 'CapNotReady',
      value:
        'min by (environment, job, instance, check) (cap_ready{job=~"cap-(verifier|registry)", check!="shutdown"})',
      comparison: '==',
      threshold: 0,
      for: '5m',
      severity: 'page',
      summary: '{{ $labels.instance }} ({{ $labels.job }}) is not ready: {{ $labels.check }}',
      description:
        'The readiness check {{ $labels.check }} of {{ $labels.instance }} ({{ $labels.job }}) fails: cap_ready is {{ $value }}.',
      promises: [1, 4],
    },
    {
      alert: 'CapRestarting',
      value: `changes(process_start_time_seconds{job=~"cap-.+"}${over('30m')})`,
      comparison: '>=',
      threshold: thresholds.restarts,
      severity: 'page',
      summary: '{{ $labels.instance }} ({{ $labels.job }}) keeps restarting',
      description: '{{ $labels.instance }} of {{ $labels.job }} restarted {{ $value }} times within half an hour.',
    },
    {
      alert: 'CapVersionsDiffer',
      value: 'count by (environment) (count by (environment, version) (cap_build_info))',
      comparison: '>',
      threshold: 1,
      for: '6h',
      severity: 'ticket',
      summary: 'Different versions run in {{ $labels.environment }}',
      description: 'For six hours {{ $value }} versions of CAP have been running in {{ $labels.environment }}.',
    },
    {
      alert: 'CapDiskAlmostFull',
      value: 'cap_disk_free_bytes / cap_disk_total_bytes',
      comparison: '<',
      threshold: thresholds.diskFreeRatio,
      for: '5m',
      severity: 'page',
      summary: 'The volume {{ $labels.volume }} of {{ $labels.instance }} is almost full',
      description:
        '{{ $value | humanizePercentage }} of the volume {{ $labels.volume }} of {{ $labels.instance }} ({{ $labels.job }}) is free.',
      promises: [1, 2],
      planned: true,
    },
    {
      alert: 'CapDiskFillingUp',
      value: 'cap_disk_free_bytes / cap_disk_total_bytes',
      comparison: '<',
      threshold: thresholds.diskTrendFreeRatio,
      condition: `and predict_linear(cap_disk_free_bytes${over('6h')}, ${windows.seconds('4d')}) < 0`,
      for: '1h',
      severity: 'ticket',
      summary: 'The volume {{ $labels.volume }} of {{ $labels.instance }} will be full within four days',
      description:
        '{{ $value | humanizePercentage }} of the volume {{ $labels.volume }} of {{ $labels.instance }} ({{ $labels.job }}) is free, and at the rate of the last six hours it will be full within four days.',
      promises: [1, 2],
      planned: true,
    },
    {
      alert: 'CapCertificateExpiring',
      value:
        'min by (environment, job, instance, name) (cap_expiry_timestamp_seconds{kind=~"certificate|trusted-authority"}) - time()',
      comparison: '<',
      threshold: thresholds.expirySeconds,
      for: '10m',
      severity: 'ticket',
      summary: 'A certificate of {{ $labels.instance }} ({{ $labels.job }}) expires soon',
      description:
        '{{ $labels.name }} of {{ $labels.instance }} ({{ $labels.job }}) expires in {{ $value | humanizeDuration }}.',
    },
    {
      alert: 'CapKeyExpiring',
      value:
        'min by (environment, job, instance, kind, name) (cap_expiry_timestamp_seconds{kind=~"signing-key|log-key"}) - time()',
      comparison: '<',
      threshold: thresholds.expirySeconds,
      for: '10m',
      severity: 'ticket',
      summary: 'The {{ $labels.kind }} of {{ $labels.instance }} expires soon',
      description:
        'The {{ $labels.kind }} {{ $labels.name }} of {{ $labels.instance }} ({{ $labels.job }}) expires in {{ $value | humanizeDuration }}.',
      promises: [5],
    },
    {
      alert: 'CapLogLinesDropped',
      value: `increase(cap_log_lines_dropped_total${over('15m')})`,
      comparison: '>',
      threshold: 0,
      severity: 'ticket',
      summary: '{{ $labels.instance }} ({{ $labels.job }}) loses log lines',
      description:
        '{{ $labels.instance }} ({{ $labels.job }}) could not write {{ $value | humanize }} log lines within the last 15 minutes.',
    },
    {
      alert: 'CapReloadFailed',
      value: 'cap_config_last_reload_success',
      comparison: '==',
      threshold: 0,
      for: '5m',
      severity: 'ticket',
      summary: 'The last reload of {{ $labels.instance }} ({{ $labels.job }}) failed',
      description:
        '{{ $labels.instance }} ({{ $labels.job }}) still runs with older settings: cap_config_last_reload_success is {{ $value }}.',
      planned: true,
    },
  ];
};
