import { CapError } from '@cap/crypto';
import { type Omission } from '@cap/backup';
import { printResult, progress, progressDone, table, type CliIo } from '../frame/io.js';
import { accessToken, request, type RemoteOptions } from '../frame/remote.js';
import { sayOmissions } from './words.js';

/** What the backup worker says of a backup. */
interface RemoteBackup {
  name: string;
  size_bytes: number;
  log_size: number;
  /** What was left out, and why. */
  incomplete?: Omission[];
}

const isBackup = (value: unknown): value is RemoteBackup =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';

/** Lets the worker make a backup now; it answers once the backup was read back and verified. */
export async function createRemotely(io: CliIo, options: RemoteOptions & { json?: boolean }): Promise<void> {
  const token = await accessToken(io, options.tokenFile);
  progress(io, 'the backup worker makes a backup');
  const response = await request({ url: options.url, route: '/v1/backups', token }, { method: 'POST' });
  const backup: unknown = await response.json();
  progressDone(io);
  if (!isBackup(backup))
    throw new CapError(
      'unavailable',
      'service.unknown',
      `${options.url} is no backup worker: its answer names no backup`,
    );
  printResult(io, options, backup, () => backup.name);
  sayOmissions(io, Array.isArray(backup.incomplete) ? backup.incomplete : []);
}

/** The backups that the worker holds, in its order. */
export async function listRemotely(io: CliIo, options: RemoteOptions & { json?: boolean }): Promise<void> {
  const token = await accessToken(io, options.tokenFile);
  const response = await request({ url: options.url, route: '/v1/backups', token });
  const answer = (await response.json()) as { items?: unknown } | null;
  const items = answer?.items;
  if (!Array.isArray(items) || !items.every(isBackup))
    throw new CapError(
      'unavailable',
      'service.unknown',
      `${options.url} is no backup worker: its answer is no list of backups`,
    );
  printResult(io, options, { items }, () =>
    table(
      ['name', 'bytes', 'log size'],
      items.map(({ name, size_bytes, log_size }) => [name, String(size_bytes), String(log_size)]),
    ),
  );
}
