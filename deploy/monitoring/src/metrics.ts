/**
 * The metrics contract: every metric of the three services. docs/metrics.md is generated from it; tests compare it with the
 * services' sources and use it to find boards and rules over metrics or labels that do not exist.
 */
import type { Job } from './targets.ts';

type MetricType = 'counter' | 'gauge' | 'histogram';
type MetricUnit = 'seconds' | 'unix time' | 'bytes' | 'ratio' | 'bool' | 'count';

export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: MetricUnit;
  readonly labels: readonly string[];
  readonly services: readonly Job[];
  /** One sentence for the table in docs/metrics.md. */
  readonly help: string;
  /** Rules and boards are written for it, but no service has it yet. */
  readonly planned?: true;
  /** The page that says what it is good for, if no board shows it. */
  readonly page?: string;
}

const VERIFIER = ['cap-verifier'] as const;
const REGISTRY = ['cap-registry'] as const;
const BACKUP = ['cap-backup'] as const;
const EVERY = ['cap-verifier', 'cap-registry', 'cap-backup'] as const;

type Facts = Pick<Metric, 'unit' | 'services' | 'help'> & Partial<Pick<Metric, 'labels' | 'planned' | 'page'>>;
const metric =
  (type: MetricType) =>
  (name: string, facts: Facts): Metric => ({ name, type, labels: [], ...facts });
const counter = metric('counter');
const gauge = metric('gauge');
const histogram = metric('histogram');

const VERIFICATION = [
  counter('cap_verifier_requests_total', {
    unit: 'count',
    labels: ['result'],
    services: VERIFIER,
    help: 'Verdicts given: ok, warn or fail. A fail is a verdict, not an error of the service.',
  }),
  histogram('cap_verifier_request_duration_seconds', {
    unit: 'seconds',
    services: VERIFIER,
    help: 'Time from the request for a verdict to the verdict, including registration.',
  }),
  histogram('cap_proof_verification_duration_seconds', {
    unit: 'seconds',
    labels: ['backend'],
    services: VERIFIER,
    help: 'Time to verify a bundle that was not cached, without the wait for a thread.',
  }),
  gauge('cap_proof_jobs', {
    unit: 'count',
    labels: ['state'],
    services: VERIFIER,
    help: 'Proofs that a thread is verifying (running) and proofs waiting for one (waiting).',
  }),
];

const EVERY_SERVICE = [
  counter('cap_http_requests_total', {
    unit: 'count',
    labels: ['method', 'route', 'status'],
    services: EVERY,
    help: 'HTTP requests; route is the template, and all unknown paths share the route unmatched.',
  }),
  histogram('cap_http_request_duration_seconds', {
    unit: 'seconds',
    labels: ['route'],
    services: EVERY,
    help: 'Duration of HTTP requests, including the time in which the body arrives.',
  }),
  counter('cap_auth_token_validation_failures_total', {
    unit: 'count',
    services: EVERY,
    help: 'Tokens that were refused; a request without a token is not counted.',
  }),
  counter('cap_cache_requests_total', {
    unit: 'count',
    labels: ['cache', 'outcome'],
    services: EVERY,
    help: 'Cache look-ups, as hit or miss.',
  }),
  gauge('cap_cache_hit_ratio', {
    unit: 'ratio',
    labels: ['cache'],
    services: EVERY,
    help: 'Share of look-ups answered by the cache since the start; 0 before the first.',
  }),
  gauge('cap_ready', {
    unit: 'bool',
    labels: ['check'],
    services: EVERY,
    help: 'One series for each readiness check: 1 if it passes.',
  }),
  gauge('cap_build_info', {
    unit: 'bool',
    labels: ['service', 'version', 'node'],
    services: EVERY,
    help: 'Always 1; the labels say what is running.',
  }),
  gauge('cap_expiry_timestamp_seconds', {
    unit: 'unix time',
    labels: ['kind', 'name'],
    services: EVERY,
    help: 'When a certificate or key in use expires.',
  }),
  counter('cap_log_lines_dropped_total', {
    unit: 'count',
    services: EVERY,
    help: 'Log lines that could not be written.',
  }),
  gauge('cap_config_last_reload_success', {
    unit: 'bool',
    services: EVERY,
    planned: true,
    help: 'Whether the last reload took effect as a whole; 1 before the first.',
  }),
  gauge('cap_config_last_reload_timestamp_seconds', {
    unit: 'unix time',
    services: EVERY,
    planned: true,
    help: 'Time of the last successful reload, or of the start.',
  }),
  gauge('cap_disk_free_bytes', {
    unit: 'bytes',
    labels: ['volume'],
    services: EVERY,
    planned: true,
    help: 'Room left for the service on the file system of a volume: database, blobs, target or tmp.',
  }),
  gauge('cap_disk_total_bytes', {
    unit: 'bytes',
    labels: ['volume'],
    services: EVERY,
    planned: true,
    help: 'Size of the file system of a volume: database, blobs, target or tmp.',
  }),
  gauge('cap_uploads_in_progress', {
    unit: 'count',
    services: ['cap-verifier', 'cap-registry'],
    planned: true,
    help: 'Uploads being received.',
  }),
];

const REGISTRY_AND_LOG = [
  counter('cap_registry_entries_total', {
    unit: 'count',
    services: REGISTRY,
    help: 'Entries ever registered.',
  }),
  gauge('cap_registry_log_size', {
    unit: 'count',
    services: REGISTRY,
    help: 'Events in the log; it only grows, except by a restore from a backup.',
  }),
  histogram('cap_registry_commit_duration_seconds', {
    unit: 'seconds',
    services: REGISTRY,
    help: 'Duration of one group commit, including the fsync.',
  }),
  gauge('cap_registry_database_readable', {
    unit: 'bool',
    services: REGISTRY,
    help: 'Whether the database answered for this scrape; if not, the other figures are the last known ones.',
  }),
  gauge('cap_registry_wal_bytes', {
    unit: 'bytes',
    services: REGISTRY,
    help: 'Size of the write-ahead log of the embedded database; 0 on PostgreSQL.',
  }),
  gauge('cap_blob_bytes_total', {
    unit: 'bytes',
    services: REGISTRY,
    help: 'Size of all BLOBs, including uploads that are not registered.',
  }),
  counter('cap_blob_read_failures_total', {
    unit: 'count',
    labels: ['reason'],
    services: REGISTRY,
    help: 'Reads of a BLOB that is missing or whose bytes have changed (corrupt); the log names it.',
  }),
  counter('cap_log_proof_failures_total', {
    unit: 'count',
    services: REGISTRY,
    help: 'Proofs of the log that failed the check before the answer; must be 0.',
  }),
  counter('cap_log_checkpoint_failures_total', {
    unit: 'count',
    services: REGISTRY,
    help: 'Failed attempts to write the newest checkpoint beside the database.',
  }),
  gauge('cap_registry_checkpoint_size', {
    unit: 'count',
    services: REGISTRY,
    planned: true,
    help: 'Events covered by the checkpoint beside the database; cap_registry_log_size while it is up to date.',
  }),
  gauge('cap_registry_newest_entry_timestamp_seconds', {
    unit: 'unix time',
    services: REGISTRY,
    planned: true,
    help: 'Time of the newest entry; 0 if there is none.',
  }),
  gauge('cap_registry_writes_waiting', {
    unit: 'count',
    services: REGISTRY,
    planned: true,
    help: 'Writes waiting for a commit.',
  }),
  gauge('cap_registry_snapshot_lease_start_timestamp_seconds', {
    unit: 'unix time',
    labels: ['client'],
    services: REGISTRY,
    planned: true,
    help: 'When the snapshot on lease was created; no series while none is.',
  }),
  gauge('cap_housekeeping_last_success_timestamp_seconds', {
    unit: 'unix time',
    labels: ['task'],
    services: REGISTRY,
    planned: true,
    help: 'When a housekeeping task (retention, sweep or collection) last finished, or the start.',
  }),
];

const BACKUPS = [
  gauge('cap_backup_last_success_timestamp_seconds', {
    unit: 'unix time',
    services: BACKUP,
    help: 'Time of the state in the newest verified backup; 0 if there is none.',
  }),
  gauge('cap_backup_drill_last_success_timestamp_seconds', {
    unit: 'unix time',
    services: BACKUP,
    help: 'When a backup was last restored in a drill without a fault; 0 if never.',
  }),
  counter('cap_backup_runs_total', {
    unit: 'count',
    labels: ['outcome'],
    services: BACKUP,
    help: 'Backup runs, as success or failure.',
  }),
  gauge('cap_backup_incomplete', {
    unit: 'bool',
    services: BACKUP,
    help: 'Whether the newest backup leaves anything out, such as the private keys that it leaves out by default.',
  }),
  gauge('cap_backup_left_out_files', {
    unit: 'count',
    labels: ['reason'],
    services: BACKUP,
    planned: true,
    help: 'Files that the newest backup leaves out: private, linked-directory, special-file, name, corrupt or missing.',
  }),
  gauge('cap_backup_broken_blobs', {
    unit: 'count',
    services: BACKUP,
    help: 'BLOBs that the newest backup leaves out because the registry has lost them.',
  }),
  gauge('cap_backup_size_bytes', {
    unit: 'bytes',
    services: BACKUP,
    help: 'Size of the newest verified backup.',
  }),
  gauge('cap_backup_duration_seconds', {
    unit: 'seconds',
    services: BACKUP,
    help: 'Duration of the last run, including its drill.',
  }),
  gauge('cap_backup_target_readable', {
    unit: 'bool',
    services: BACKUP,
    help: 'Whether the target could be read for this scrape; if not, the other figures are the last known ones.',
  }),
  gauge('cap_backup_last_run', {
    unit: 'bool',
    labels: ['outcome'],
    services: BACKUP,
    planned: true,
    help: 'State of the last run: 1 at running, success, failure or killed.',
  }),
];

const MONITORING_PAGE = 'docs/monitoring.md';
const runtime = (type: MetricType, name: string, unit: MetricUnit, help: string, more: Partial<Facts> = {}): Metric =>
  metric(type)(name, { unit, services: EVERY, help, ...more });
const onPage = { page: MONITORING_PAGE };

/** What prom-client measures by itself in every service. */
const RUNTIME = [
  runtime('counter', 'process_cpu_seconds_total', 'seconds', 'CPU time of the process.'),
  runtime('counter', 'process_cpu_user_seconds_total', 'seconds', 'CPU time in the program.', onPage),
  runtime('counter', 'process_cpu_system_seconds_total', 'seconds', 'CPU time in the kernel.', onPage),
  runtime('gauge', 'process_start_time_seconds', 'unix time', 'When the process started.'),
  runtime('gauge', 'process_resident_memory_bytes', 'bytes', 'Resident memory of the process.'),
  runtime('gauge', 'process_virtual_memory_bytes', 'bytes', 'Address space of the process.', onPage),
  runtime('gauge', 'process_heap_bytes', 'bytes', 'Data segment of the process.', onPage),
  runtime('gauge', 'process_open_fds', 'count', 'Open file descriptors.'),
  runtime('gauge', 'process_max_fds', 'count', 'Limit of file descriptors.'),
  runtime('gauge', 'nodejs_eventloop_lag_seconds', 'seconds', 'Delay of the event loop at the scrape.', onPage),
  ...['min', 'max', 'mean', 'stddev', 'p50', 'p90'].map((statistic) =>
    runtime(
      'gauge',
      `nodejs_eventloop_lag_${statistic}_seconds`,
      'seconds',
      `Delay of the event loop since the last scrape: ${statistic}.`,
      onPage,
    ),
  ),
  runtime(
    'gauge',
    'nodejs_eventloop_lag_p99_seconds',
    'seconds',
    'Delay of the event loop since the last scrape: p99.',
  ),
  runtime('gauge', 'nodejs_active_resources', 'count', 'Resources that keep the event loop alive, by type.', {
    labels: ['type'],
    ...onPage,
  }),
  runtime('gauge', 'nodejs_active_resources_total', 'count', 'All of these resources.', onPage),
  runtime('gauge', 'nodejs_active_handles', 'count', 'Open handles, by type.', { labels: ['type'], ...onPage }),
  runtime('gauge', 'nodejs_active_handles_total', 'count', 'All open handles.', onPage),
  runtime('gauge', 'nodejs_active_requests', 'count', 'Requests to the operating system, by type.', {
    labels: ['type'],
    ...onPage,
  }),
  runtime('gauge', 'nodejs_active_requests_total', 'count', 'All of these requests.', onPage),
  runtime('gauge', 'nodejs_heap_size_total_bytes', 'bytes', 'Size of the JavaScript heap.', onPage),
  runtime('gauge', 'nodejs_heap_size_used_bytes', 'bytes', 'Used part of the JavaScript heap.'),
  runtime('gauge', 'nodejs_external_memory_bytes', 'bytes', 'Memory of buffers outside the heap.'),
  ...['total', 'used', 'available'].map((part) =>
    runtime('gauge', `nodejs_heap_space_size_${part}_bytes`, 'bytes', `Spaces of the heap: ${part}.`, {
      labels: ['space'],
      ...onPage,
    }),
  ),
  runtime('gauge', 'nodejs_version_info', 'bool', 'Always 1; the labels give the version of Node.js.', {
    labels: ['version', 'major', 'minor', 'patch'],
    ...onPage,
  }),
  runtime('histogram', 'nodejs_gc_duration_seconds', 'seconds', 'Pauses for garbage collection.', { labels: ['kind'] }),
];

/** The contract in the order of docs/metrics.md. */
export const METRIC_GROUPS: Readonly<Record<string, readonly Metric[]>> = {
  Verification: VERIFICATION,
  'Every service': EVERY_SERVICE,
  'Registry and log': REGISTRY_AND_LOG,
  Backup: BACKUPS,
  'Process and Node.js': RUNTIME,
};

export const METRICS: readonly Metric[] = Object.values(METRIC_GROUPS).flat();

/** Series that rules and boards read and that others give: Prometheus itself and kube-state-metrics. */
export const FOREIGN_SERIES: Readonly<Record<string, readonly string[]>> = {
  up: [],
  ALERTS: ['alertname', 'alertstate', 'severity'],
  kube_cronjob_status_last_successful_time: ['cronjob', 'namespace'],
};
