import { type Case, of, pair, series, target } from './case.ts';

const verifier = target('cap-verifier');
const registry = target('cap-registry');
const second = target('cap-verifier', 'verifier-2:8080');
const GIGABYTE = 1e9;
/** promtool begins at 1970-01-01T00:00Z. */
const DAY = 86_400;

const volume = (free: string, total: number) => ({
  [of('cap-registry', 'cap_disk_free_bytes', { volume: 'blobs' })]: free,
  [of('cap-registry', 'cap_disk_total_bytes', { volume: 'blobs' })]: `${total}x600`,
});

export const serviceCases: readonly Case[] = [
  ...pair(
    'CapServiceDown',
    {
      name: 'the only registry stops',
      series: { [of('cap-registry', 'up')]: '1x4 0x10' },
      at: '8m',
      firing: [
        {
          labels: { severity: 'page', environment: 'production', job: 'cap-registry' },
          summary: 'cap-registry is down',
          description: 'No instance of cap-registry in production answers its scrapes: up is 0.',
        },
      ],
    },
    {
      name: 'one of two verifiers stops',
      series: { [series('up', verifier)]: '1x4 0x10', [series('up', second)]: '1x14' },
      at: '8m',
    },
  ),
  ...pair(
    'CapInstanceDown',
    {
      name: 'one of two verifiers stops',
      series: { [series('up', verifier)]: '1x4 0x10', [series('up', second)]: '1x14' },
      at: '11m',
      firing: [
        {
          labels: { severity: 'ticket', ...verifier },
          summary: 'verifier-1:8080 (cap-verifier) is down',
          description: 'verifier-1:8080 of cap-verifier does not answer its scrapes: up is 0.',
        },
      ],
    },
    { name: 'a restart', series: { [series('up', verifier)]: '1x4 0x1 1x10' }, at: '8m' },
  ),
  ...pair(
    'CapTargetMissing',
    {
      name: 'nobody scrapes a registry',
      series: { [of('cap-verifier', 'up')]: '1x20' },
      at: '10m',
      firing: [
        {
          labels: { severity: 'page', job: 'cap-registry' },
          summary: 'Nobody scrapes cap-registry',
          description:
            'Prometheus has no target with the job cap-registry (absent is 1): nothing would tell of its outage.',
        },
      ],
    },
    {
      name: 'both are scraped, one is down, and there is no worker',
      series: { [of('cap-verifier', 'up')]: '1x20', [of('cap-registry', 'up')]: '0x20' },
      at: '10m',
    },
  ),
  ...pair(
    'CapNotReady',
    {
      name: 'the registry has no room for a BLOB',
      series: {
        [of('cap-registry', 'cap_ready', { check: 'blobs' })]: '1x4 0x10',
        [of('cap-registry', 'cap_ready', { check: 'database' })]: '1x14',
      },
      at: '11m',
      firing: [
        {
          labels: { severity: 'page', ...registry, check: 'blobs' },
          summary: 'registry-1:8081 (cap-registry) is not ready: blobs',
          description: 'The readiness check blobs of registry-1:8081 (cap-registry) fails: cap_ready is 0.',
        },
      ],
    },
    {
      name: 'a verifier shuts down, a worker has no room',
      series: {
        [of('cap-verifier', 'cap_ready', { check: 'shutdown' })]: '0x14',
        [of('cap-backup', 'cap_ready', { check: 'target' })]: '0x14',
      },
      at: '11m',
    },
  ),
  ...pair(
    'CapRestarting',
    {
      name: 'four starts within half an hour',
      series: { [of('cap-registry', 'process_start_time_seconds')]: '0x3 240x4 600x4 960x4' },
      at: '20m',
      firing: [
        {
          labels: { severity: 'page', ...registry },
          summary: 'registry-1:8081 (cap-registry) keeps restarting',
          description: 'registry-1:8081 of cap-registry restarted 3 times within half an hour.',
        },
      ],
    },
    {
      name: 'an upgrade and its rollback',
      series: { [of('cap-registry', 'process_start_time_seconds')]: '0x3 240x4 600x9' },
      at: '18m',
    },
  ),
  ...pair(
    'CapVersionsDiffer',
    {
      name: 'a verifier was forgotten',
      series: {
        [of('cap-registry', 'cap_build_info', { service: 'cap-registry', version: '0.2.0' })]: '1x500',
        [of('cap-verifier', 'cap_build_info', { service: 'cap-verifier-api', version: '0.1.0' })]: '1x500',
      },
      at: '7h',
      firing: [
        {
          labels: { severity: 'ticket', environment: 'production' },
          summary: 'Different versions run in production',
          description: 'For six hours 2 versions of CAP have been running in production.',
        },
      ],
    },
    {
      name: 'an upgrade of an hour',
      series: {
        [of('cap-registry', 'cap_build_info', { service: 'cap-registry', version: '0.2.0' })]: '1x500',
        [of('cap-verifier', 'cap_build_info', { service: 'cap-verifier-api', version: '0.1.0' })]: '1x60 stale',
        [of('cap-verifier', 'cap_build_info', { service: 'cap-verifier-api', version: '0.2.0' })]: '_x60 1x440',
      },
      at: '7h',
    },
  ),
  ...pair(
    'CapDiskAlmostFull',
    {
      name: '5 of 100 GB are free',
      series: volume(`${5 * GIGABYTE}x600`, 100 * GIGABYTE),
      at: '10m',
      firing: [
        {
          labels: { severity: 'page', ...registry, volume: 'blobs' },
          summary: 'The volume blobs of registry-1:8081 is almost full',
          description: '5% of the volume blobs of registry-1:8081 (cap-registry) is free.',
        },
      ],
    },
    { name: '15 of 100 GB are free', series: volume(`${15 * GIGABYTE}x600`, 100 * GIGABYTE), at: '10m' },
  ),
  ...pair(
    'CapDiskFillingUp',
    {
      name: 'from 25 GB, 6 GB less in ten hours',
      series: volume(`${25 * GIGABYTE}-${GIGABYTE / 100}x600`, 100 * GIGABYTE),
      at: '10h',
      firing: [
        {
          labels: { severity: 'ticket', ...registry, volume: 'blobs' },
          summary: 'The volume blobs of registry-1:8081 will be full within four days',
          description:
            '19% of the volume blobs of registry-1:8081 (cap-registry) is free, and at the rate of the last six hours it will be full within four days.',
        },
      ],
    },
    {
      name: 'the same trend with 60 GB free',
      series: volume(`${60 * GIGABYTE}-${GIGABYTE / 100}x600`, 100 * GIGABYTE),
      at: '10h',
    },
  ),
  ...pair(
    'CapCertificateExpiring',
    {
      name: 'ten days before the end',
      series: {
        [of('cap-verifier', 'cap_expiry_timestamp_seconds', { kind: 'certificate', name: 'tls.crt' })]:
          `${10 * DAY}x30`,
      },
      at: '15m',
      firing: [
        {
          labels: { severity: 'ticket', ...verifier, name: 'tls.crt' },
          summary: 'A certificate of verifier-1:8080 (cap-verifier) expires soon',
          description: 'tls.crt of verifier-1:8080 (cap-verifier) expires in 9d 23h 45m 0s.',
        },
      ],
    },
    {
      name: 'twenty days before the end, and a signer whom another company replaces',
      series: {
        [of('cap-verifier', 'cap_expiry_timestamp_seconds', { kind: 'certificate', name: 'tls.crt' })]:
          `${20 * DAY}x30`,
        [of('cap-verifier', 'cap_expiry_timestamp_seconds', { kind: 'trusted-signer', name: 'abc' })]: `${DAY}x30`,
      },
      at: '15m',
    },
  ),
  ...pair(
    'CapKeyExpiring',
    {
      name: 'ten days before the end of the key that signs backups',
      series: {
        [of('cap-backup', 'cap_expiry_timestamp_seconds', { kind: 'signing-key', name: 'abc' })]: `${10 * DAY}x30`,
      },
      at: '15m',
      firing: [
        {
          labels: { severity: 'ticket', ...target('cap-backup'), kind: 'signing-key', name: 'abc' },
          summary: 'The signing-key of backup-1:8082 expires soon',
          description: 'The signing-key abc of backup-1:8082 (cap-backup) expires in 9d 23h 45m 0s.',
        },
      ],
    },
    {
      name: 'a year before',
      series: {
        [of('cap-backup', 'cap_expiry_timestamp_seconds', { kind: 'signing-key', name: 'abc' })]: `${365 * DAY}x30`,
      },
      at: '15m',
    },
  ),
  ...pair(
    'CapLogLinesDropped',
    {
      name: 'the log disk is full',
      series: { [of('cap-registry', 'cap_log_lines_dropped_total')]: '0x10 10+10x20' },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', ...registry },
          summary: 'registry-1:8081 (cap-registry) loses log lines',
          description: 'registry-1:8081 (cap-registry) could not write 150 log lines within the last 15 minutes.',
        },
      ],
    },
    {
      name: 'lines were lost an hour ago',
      series: { [of('cap-registry', 'cap_log_lines_dropped_total')]: '0x10 40x80' },
      at: '90m',
    },
  ),
  ...pair(
    'CapReloadFailed',
    {
      name: 'a broken file',
      series: { [of('cap-verifier', 'cap_config_last_reload_success')]: '1x10 0x20' },
      at: '20m',
      firing: [
        {
          labels: { severity: 'ticket', ...verifier },
          summary: 'The last reload of verifier-1:8080 (cap-verifier) failed',
          description:
            'verifier-1:8080 (cap-verifier) still runs with older settings: cap_config_last_reload_success is 0.',
        },
      ],
    },
    {
      name: 'mended at once',
      series: { [of('cap-verifier', 'cap_config_last_reload_success')]: '1x10 0x2 1x20' },
      at: '20m',
    },
  ),
];
