import { BackupTarget } from '@cap/backup';
import { CapError } from '@cap/core';
import { type CliIo, printResult, table } from '../frame/io.js';
import { listRemotely } from './remote.js';

interface ListOptions {
  url?: string;
  tokenFile?: string;
  target?: string;
  json?: boolean;
}

/** The backups of a worker, or of a directory with what looks like a backup there and is none. */
export async function list(io: CliIo, options: ListOptions): Promise<void> {
  const { url, target, tokenFile, json } = options;
  if (url !== undefined)
    return listRemotely(io, {
      url,
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(json === undefined ? {} : { json }),
    });
  if (target === undefined) throw new CapError('option.missing', 'one of --url and --target is needed');
  const { backups, strange } = await new BackupTarget(target).list();
  for (const { name, why } of strange) io.err(`cap: ${name} is no backup: ${why}\n`);
  printResult(io, options, { items: backups, strange }, () =>
    table(
      ['name', 'bytes', 'log size', 'signer', 'left out'],
      backups.map((backup) => [
        backup.name,
        String(backup.size_bytes),
        String(backup.log_size),
        backup.kid,
        String(backup.incomplete.length),
      ]),
    ),
  );
}
