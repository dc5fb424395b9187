import { CapError, isRemoteError } from '@cap/core';
import { type Omission } from '@cap/backup';
import { Transport } from '@cap/contracts';
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
  const backup = await made(options.url, token);
  progressDone(io);
  if (!isBackup(backup))
    throw new CapError('service.unknown', `${options.url} is no backup worker: its answer names no backup`);
  printResult(io, options, backup, () => backup.name);
  sayOmissions(io, Array.isArray(backup.incomplete) ? backup.incomplete : []);
}

/** However long it takes: fetch would give up after five minutes without an answer, while the worker goes on. */
async function made(url: string, token: string | undefined): Promise<unknown> {
  const worker = new Transport({ url, token, timeoutMs: 0 });
  try {
    const { body } = await worker.send({ method: 'POST', path: '/v1/backups', idempotent: false });
    return await body.json().catch((cause: unknown) => {
      throw new CapError('service.unknown', `${url}: its answer can't be read: ${(cause as Error).message}`, { cause });
    });
  } catch (error) {
    // What the worker found wrong is a finding here too, whatever the status that told it.
    if (isRemoteError(error) && error.kind === 'refused')
      throw new CapError(error.code, error.message, { cause: error });
    // The client is made for the registry, and names it when nobody answers.
    if (isRemoteError(error) && error.remote.status === null)
      throw new CapError('service.unreachable', error.message, { cause: error });
    throw error;
  } finally {
    await worker.close();
  }
}

/** The backups that the worker holds, in its order. */
export async function listRemotely(io: CliIo, options: RemoteOptions & { json?: boolean }): Promise<void> {
  const token = await accessToken(io, options.tokenFile);
  const response = await request({ url: options.url, route: '/v1/backups', token });
  const answer = (await response.json()) as { items?: unknown } | null;
  const items = answer?.items;
  if (!Array.isArray(items) || !items.every(isBackup))
    throw new CapError('service.unknown', `${options.url} is no backup worker: its answer is no list of backups`);
  printResult(io, options, { items }, () =>
    table(
      ['name', 'bytes', 'log size'],
      items.map(({ name, size_bytes, log_size }) => [name, String(size_bytes), String(log_size)]),
    ),
  );
}
