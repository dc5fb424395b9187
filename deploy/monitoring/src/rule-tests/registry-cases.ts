import { type Case, of, pair, target } from './case.ts';

const registry = target('cap-registry');
const { environment, instance } = registry;
const MEBIBYTE = 2 ** 20;
const DAY = 86_400;

const commits = (slow: number): Case['series'] =>
  Object.fromEntries(
    [
      ['0.25', 100 - slow],
      ['1', 100 - slow],
      ['5', 100],
      ['+Inf', 100],
    ].map(([le, step]) => [
      of('cap-registry', 'cap_registry_commit_duration_seconds_bucket', { le: String(le) }),
      `0+${step}x60`,
    ]),
  );

const task = of('cap-registry', 'cap_housekeeping_last_success_timestamp_seconds', { task: 'retention' });

export const registryCases: readonly Case[] = [
  ...pair(
    'CapLogProofFailed',
    {
      name: 'one byte of the log was changed',
      series: { [of('cap-registry', 'cap_log_proof_failures_total')]: '0x5 1x10' },
      at: '7m',
      firing: [
        {
          labels: { severity: 'page', ...registry },
          summary: 'The log of registry-1:8081 is broken',
          description: '1 proofs of the log of registry-1:8081 did not hold when they were checked.',
        },
      ],
    },
    { name: 'every proof holds', series: { [of('cap-registry', 'cap_log_proof_failures_total')]: '0x20' }, at: '10m' },
  ),
  ...pair(
    'CapLogShrank',
    {
      name: 'an older copy of the database was put in place',
      series: { [of('cap-registry', 'cap_registry_log_size')]: '100+1x20 105x20' },
      at: '30m',
      firing: [
        {
          labels: { severity: 'page', environment },
          summary: 'The log in production has lost events',
          description: 'The log in production has -15 events compared with its largest size of the last day.',
        },
      ],
    },
    {
      name: 'the log grows, and one of two processes lags behind',
      series: {
        [of('cap-registry', 'cap_registry_log_size')]: '100+1x40',
        [of('cap-registry', 'cap_registry_log_size', { instance: 'registry-2:8081' })]: '98+1x40',
      },
      at: '30m',
    },
  ),
  ...pair(
    'CapCheckpointsFailing',
    {
      name: 'checkpoints/ can not be written to',
      series: { [of('cap-registry', 'cap_log_checkpoint_failures_total')]: '0x10 1+1x20' },
      at: '25m',
      firing: [
        {
          labels: { severity: 'page', ...registry },
          summary: 'registry-1:8081 can not write checkpoints',
          description: 'registry-1:8081 failed 3 times within three minutes to write a checkpoint beside its database.',
        },
      ],
    },
    {
      name: 'three attempts failed within some seconds',
      series: { [of('cap-registry', 'cap_log_checkpoint_failures_total')]: '0x10 3x20' },
      at: '15m',
    },
  ),
  ...pair(
    'CapBlobBroken',
    {
      name: 'a caller reads a BLOB that rotted, and the backup has found it missing',
      series: {
        [of('cap-registry', 'cap_blob_read_failures_total', { reason: 'corrupt' })]: '0x10 1x20',
        [of('cap-registry', 'cap_blob_read_failures_total', { reason: 'missing' })]: '0x30',
        [of('cap-backup', 'cap_backup_broken_blobs')]: '1x30',
      },
      at: '20m',
      firing: [
        {
          labels: { severity: 'ticket', ...registry },
          summary: 'BLOBs of the registry are missing or damaged',
          description: 'registry-1:8081 (cap-registry) counts 1 BLOBs, or reads of them, that are missing or damaged.',
        },
        {
          labels: { severity: 'ticket', ...target('cap-backup') },
          summary: 'BLOBs of the registry are missing or damaged',
          description: 'backup-1:8082 (cap-backup) counts 1 BLOBs, or reads of them, that are missing or damaged.',
        },
      ],
    },
    {
      name: 'all are well',
      series: {
        [of('cap-registry', 'cap_blob_read_failures_total', { reason: 'corrupt' })]: '0x30',
        [of('cap-backup', 'cap_backup_broken_blobs')]: '0x30',
      },
      at: '20m',
    },
  ),
  ...pair(
    'CapCommitsSlow',
    {
      name: 'one commit in ten takes between 1 and 5 seconds',
      series: commits(10),
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment, instance },
          summary: 'Writes of registry-1:8081 are slow',
          description: 'One in twenty commits of registry-1:8081 takes longer than 3s.',
        },
      ],
    },
    { name: 'one commit in fifty does', series: commits(2), at: '30m' },
  ),
  ...pair(
    'CapWalGrowing',
    {
      name: 'somebody holds one snapshot of the database open',
      series: { [of('cap-registry', 'cap_registry_wal_bytes')]: `${512 * MEBIBYTE}x60` },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', ...registry },
          summary: 'The write-ahead log of registry-1:8081 does not shrink',
          description: 'The write-ahead log of registry-1:8081 has 512MiB.',
        },
      ],
    },
    {
      name: 'a large import of five minutes',
      series: { [of('cap-registry', 'cap_registry_wal_bytes')]: `0x10 ${512 * MEBIBYTE}x5 ${16 * MEBIBYTE}x60` },
      at: '30m',
    },
  ),
  ...pair(
    'CapHousekeepingStalled',
    {
      name: 'retention has not run for three days',
      series: { [task]: `${-3 * DAY}x60` },
      at: '30m',
      firing: [
        {
          labels: { severity: 'ticket', environment, task: 'retention' },
          summary: 'The housekeeping task retention in production does not run',
          description: 'The housekeeping task retention in production last finished 3d 0h 30m 0s ago.',
        },
      ],
    },
    { name: 'it ran yesterday', series: { [task]: `${-DAY}x60` }, at: '30m' },
  ),
];
