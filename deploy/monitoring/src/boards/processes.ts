import type { AlertRule } from '../alerts/index.ts';
import { type Line, SCOPE } from './board.ts';
import { stat, table, timeseries } from './panel.ts';
import { at, rate, sumBy } from './queries.ts';

const JOB = 'job=~"cap-.+"';
const NO_SCRAPE = 'No service is scraped';
const PLANNED = 'The services do not report it yet';

/** What each process takes, what runs where, what expires, and which configuration is in effect. */
export const processLines = (alert: (name: string) => AlertRule): readonly Line[] => [
  {
    height: 8,
    panels: [
      timeseries({
        title: 'CPU',
        description: 'Cores that each process uses.',
        unit: 'none',
        queries: [{ expr: rate('process_cpu_seconds_total', JOB), legend: '{{job}} {{instance}}' }],
        empty: NO_SCRAPE,
        perInstance: true,
      }),
      timeseries({
        title: 'Memory',
        description: 'Resident memory of each process; the containers are limited to 768 MB and 1 GB.',
        unit: 'bytes',
        queries: [{ expr: at('process_resident_memory_bytes', JOB), legend: '{{job}} {{instance}}' }],
        empty: NO_SCRAPE,
        perInstance: true,
      }),
      timeseries({
        title: 'JavaScript heap and buffers',
        description: 'Used heap, and memory of buffers outside it.',
        unit: 'bytes',
        queries: [
          { expr: at('nodejs_heap_size_used_bytes', JOB), legend: '{{job}} {{instance}} heap' },
          { expr: at('nodejs_external_memory_bytes', JOB), legend: '{{job}} {{instance}} buffers' },
        ],
        empty: NO_SCRAPE,
        perInstance: true,
      }),
      timeseries({
        title: 'Delay of the event loop (P99)',
        description: 'How late timers fire. Health checks are answered by the same loop: above 0.2 s they notice.',
        unit: 'seconds',
        queries: [{ expr: at('nodejs_eventloop_lag_p99_seconds', JOB), legend: '{{job}} {{instance}}' }],
        empty: NO_SCRAPE,
        perInstance: true,
      }),
    ],
  },
  {
    height: 8,
    panels: [
      timeseries({
        title: 'Garbage collection',
        description: 'Share of time spent in pauses for garbage collection.',
        unit: 'ratio',
        queries: [
          {
            expr: sumBy('job, instance', rate('nodejs_gc_duration_seconds_sum', JOB)),
            legend: '{{job}} {{instance}}',
          },
        ],
        empty: NO_SCRAPE,
        perInstance: true,
      }),
      timeseries({
        title: 'File descriptors',
        description: 'Share of the permitted file descriptors in use; each connection and each upload takes one.',
        unit: 'ratio',
        queries: [
          {
            expr: `${at('process_open_fds', JOB)} / ${at('process_max_fds', JOB)}`,
            legend: '{{job}} {{instance}}',
          },
        ],
        empty: NO_SCRAPE,
        min: 0,
        perInstance: true,
      }),
      timeseries({
        title: 'Starts within half an hour',
        description: 'How often each process was restarted within the last half hour.',
        unit: 'count',
        queries: [{ expr: `changes(${at('process_start_time_seconds', JOB)}[30m])`, legend: '{{job}} {{instance}}' }],
        empty: NO_SCRAPE,
        alert: alert('CapRestarting'),
        min: 0,
        perInstance: true,
      }),
      timeseries({
        title: 'Lost log lines',
        description: 'Log lines that could not be written within 15 minutes, to a full disk or a closed pipe.',
        unit: 'count',
        queries: [{ expr: `increase(${at('cap_log_lines_dropped_total')}[15m])`, legend: '{{job}} {{instance}}' }],
        empty: NO_SCRAPE,
        alert: alert('CapLogLinesDropped'),
        min: 0,
        perInstance: true,
      }),
    ],
  },
  {
    height: 8,
    panels: [
      table({
        title: 'Instances',
        description: 'What runs where; the instance is a link to this board for it alone.',
        unit: 'none',
        queries: [{ expr: `max by (environment, job, instance, version, node) (${at('cap_build_info')})` }],
        empty: NO_SCRAPE,
        hidden: ['Value'],
      }),
      table({
        title: 'Expiring certificates and keys',
        description: 'When certificates, keys and trusted signers in use expire, the earliest first.',
        unit: 'seconds',
        queries: [
          {
            expr: `sort(min by (job, instance, kind, name) (${at('cap_expiry_timestamp_seconds')}) - time())`,
          },
        ],
        empty: 'Nothing in use expires',
        alert: alert('CapCertificateExpiring'),
        valueTitle: 'expires in',
      }),
      table({
        title: 'Configuration in effect',
        description: 'Time of the last reload that took effect, or of the start, by instance.',
        unit: 'seconds',
        queries: [{ expr: `time() - max by (job, instance) (${at('cap_config_last_reload_timestamp_seconds')})` }],
        empty: PLANNED,
        valueTitle: 'age',
      }),
      stat({
        title: 'Last reload',
        description: 'Whether the last reload of each instance took effect as a whole; the log has the reason.',
        unit: 'none',
        queries: [
          {
            expr: `min by (job, instance) (cap_config_last_reload_success{${SCOPE}})`,
            legend: '{{job}} {{instance}}',
          },
        ],
        empty: PLANNED,
        alert: alert('CapReloadFailed'),
        texts: { '0': 'failed', '1': 'in effect' },
        show: 'both',
      }),
    ],
  },
];
