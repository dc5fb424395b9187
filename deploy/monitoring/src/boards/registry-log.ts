import type { AlertRule } from '../alerts/index.ts';
import type { BoardFacts } from './board.ts';
import { stat, table, timeseries } from './panel.ts';
import { at, percentiles, rate, sumBy } from './queries.ts';

const NO_REGISTRY = 'No registry is scraped';
const PLANNED = 'The registry does not report it yet';
const REGISTRY = 'job="cap-registry"';

/** Whether what is registered stays: the log, its checkpoints, BLOBs, database and disks. */
export const registryLog = (alert: (name: string) => AlertRule): BoardFacts => ({
  uid: 'cap-registry-log',
  title: 'CAP Registry & Log',
  description: 'Entries, the transparency log and its checkpoints, BLOBs, commits, the database and its disks.',
  rows: {
    'The log': [
      {
        height: 5,
        panels: [
          stat({
            title: 'Failed proofs',
            description:
              'Proofs of the log that did not hold when they were checked. Anything but 0 means a broken log.',
            unit: 'count',
            queries: [{ expr: `max(${at('cap_log_proof_failures_total')})` }],
            empty: NO_REGISTRY,
            alert: alert('CapLogProofFailed'),
          }),
          stat({
            title: 'Events in the log',
            description: 'Size of the log; several registry processes tell of the same one.',
            unit: 'count',
            queries: [{ expr: `max(${at('cap_registry_log_size')})` }],
            empty: NO_REGISTRY,
          }),
          stat({
            title: 'Entries',
            description: 'Entries ever registered.',
            unit: 'count',
            queries: [{ expr: `max(${at('cap_registry_entries_total')})` }],
            empty: NO_REGISTRY,
          }),
          stat({
            title: 'Newest entry',
            description: 'How long ago the newest entry was registered.',
            unit: 'seconds',
            queries: [{ expr: `time() - max(${at('cap_registry_newest_entry_timestamp_seconds')} > 0)` }],
            empty: PLANNED,
          }),
        ],
      },
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Growth of the log',
            description: 'Events in the log and entries ever registered. The log shrinks by a restore alone.',
            unit: 'count',
            queries: [
              { expr: `max(${at('cap_registry_log_size')})`, legend: 'events' },
              { expr: `max(${at('cap_registry_entries_total')})`, legend: 'entries' },
            ],
            empty: NO_REGISTRY,
          }),
          timeseries({
            title: 'Events lost within a day',
            description: 'The size of the log compared with its largest one of the last day; below 0 events are gone.',
            unit: 'count',
            queries: [
              {
                expr: `max(${at('cap_registry_log_size')}) - max(max_over_time(${at('cap_registry_log_size')}[1d]))`,
                legend: 'difference',
              },
            ],
            empty: NO_REGISTRY,
            alert: alert('CapLogShrank'),
          }),
          timeseries({
            title: 'Failed checkpoints',
            description:
              'Failed attempts within three minutes to write the newest checkpoint; meanwhile a cut log would go unnoticed.',
            unit: 'count',
            queries: [{ expr: `increase(${at('cap_log_checkpoint_failures_total')}[3m])`, legend: '{{instance}}' }],
            empty: NO_REGISTRY,
            alert: alert('CapCheckpointsFailing'),
            min: 0,
            perInstance: true,
          }),
          timeseries({
            title: 'Events without a checkpoint',
            description: 'Events that the checkpoint beside the database does not cover yet.',
            unit: 'count',
            queries: [
              {
                expr: `${at('cap_registry_log_size')} - ${at('cap_registry_checkpoint_size')}`,
                legend: '{{instance}}',
              },
            ],
            empty: PLANNED,
            perInstance: true,
          }),
        ],
      },
    ],
    Writes: [
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Duration of a commit',
            description: 'One group commit with its fsync, which answers up to 256 writes.',
            unit: 'seconds',
            queries: percentiles('cap_registry_commit_duration_seconds'),
            empty: 'No commit in this period',
            alert: alert('CapCommitsSlow'),
          }),
          timeseries({
            title: 'Commits',
            description: 'Group commits a second by registry.',
            unit: 'perSecond',
            queries: [
              {
                expr: sumBy('instance', rate('cap_registry_commit_duration_seconds_count')),
                legend: '{{instance}}',
              },
            ],
            empty: NO_REGISTRY,
            perInstance: true,
          }),
          timeseries({
            title: 'Waiting writes and uploads',
            description: 'Writes waiting for a commit, and uploads being received.',
            unit: 'count',
            queries: [
              { expr: at('cap_registry_writes_waiting'), legend: '{{instance}} writes' },
              { expr: at('cap_uploads_in_progress'), legend: '{{job}} {{instance}} uploads' },
            ],
            empty: PLANNED,
            perInstance: true,
          }),
          timeseries({
            title: 'Requests to the registry',
            description: 'Requests a second by route template, from verifiers, the backup worker and operators.',
            unit: 'requestsPerSecond',
            queries: [
              {
                expr: sumBy('method, route', rate('cap_http_requests_total', `${REGISTRY}, route=~"/v1/.*"`)),
                legend: '{{method}} {{route}}',
              },
            ],
            empty: 'No request in this period',
          }),
        ],
      },
    ],
    'Database and BLOBs': [
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Write-ahead log',
            description: 'It grows while somebody holds one snapshot of the database open, and shrinks afterwards.',
            unit: 'bytes',
            queries: [{ expr: at('cap_registry_wal_bytes'), legend: '{{instance}}' }],
            empty: NO_REGISTRY,
            alert: alert('CapWalGrowing'),
            perInstance: true,
          }),
          timeseries({
            title: 'BLOBs',
            description: 'Size of all BLOBs, including uploads that are not registered.',
            unit: 'bytes',
            queries: [{ expr: `max(${at('cap_blob_bytes_total')})`, legend: 'BLOBs' }],
            empty: NO_REGISTRY,
          }),
          timeseries({
            title: 'Reads of broken BLOBs',
            description:
              'Reads within six hours of a BLOB that is missing or corrupt; the log of the registry names it.',
            unit: 'count',
            queries: [
              {
                expr: sumBy('instance, reason', `increase(${at('cap_blob_read_failures_total')}[6h])`),
                legend: '{{instance}} {{reason}}',
              },
            ],
            empty: NO_REGISTRY,
            alert: alert('CapBlobBroken'),
            min: 0,
            perInstance: true,
          }),
          timeseries({
            title: 'Free room',
            description: 'Free share of the volumes that services write to.',
            unit: 'ratio',
            queries: [
              {
                expr: `${at('cap_disk_free_bytes')} / ${at('cap_disk_total_bytes')}`,
                legend: '{{job}} {{instance}} {{volume}}',
              },
            ],
            empty: 'The services do not report it yet',
            alert: alert('CapDiskAlmostFull'),
            min: 0,
            max: 1,
            perInstance: true,
          }),
        ],
      },
      {
        height: 7,
        panels: [
          stat({
            title: 'Database readable',
            description: 'Whether the database answered for the last scrape; if not, the other figures are old.',
            unit: 'none',
            queries: [{ expr: `min by (instance) (${at('cap_registry_database_readable')})`, legend: '{{instance}}' }],
            empty: NO_REGISTRY,
            alert: alert('CapNotReady'),
            texts: { '0': 'no', '1': 'yes' },
            show: 'both',
          }),
          stat({
            title: 'Snapshot on lease',
            description: 'How long a snapshot has been lent, by client; meanwhile no BLOB is removed.',
            unit: 'seconds',
            queries: [
              {
                expr: `time() - max by (client) (${at('cap_registry_snapshot_lease_start_timestamp_seconds')})`,
                legend: '{{client}}',
              },
            ],
            empty: 'None',
            show: 'both',
          }),
          table({
            title: 'Housekeeping',
            description: 'How long ago retention, sweep and collection last finished.',
            unit: 'seconds',
            queries: [{ expr: `time() - max by (task) (${at('cap_housekeeping_last_success_timestamp_seconds')})` }],
            empty: PLANNED,
            alert: alert('CapHousekeepingStalled'),
            valueTitle: 'ago',
          }),
          table({
            title: 'Keys of the log',
            description: 'When the keys that sign checkpoints expire; a key without a record never does.',
            unit: 'seconds',
            queries: [
              {
                expr: `sort(min by (instance, name) (${at('cap_expiry_timestamp_seconds', 'kind="log-key"')}) - time())`,
              },
            ],
            empty: 'No key of the log expires',
            alert: alert('CapKeyExpiring'),
            valueTitle: 'expires in',
          }),
        ],
      },
    ],
  },
});
