import { Option } from '@commander-js/extra-typings';
import { BackupTarget } from '@cap/backup';
import { CapError } from '@cap/core';
import { printResult, table } from '../io.js';
import { serviceUrl } from '../options.js';
import { verb } from '../verb.js';
import { backupsOfWorker } from './worker.js';

/** The backups of a worker or of a directory; files there that only look like a backup are named on stderr. */
export default verb({
  examples: [
    'cap backup list --target /backups/cap-verifier',
    'CAP_TOKEN_FILE=token cap backup list --url http://127.0.0.1:8082 --json',
  ],
  syntax: (command) =>
    command
      .addOption(new Option('--url <url>', 'the backup worker').argParser(serviceUrl).conflicts('target'))
      .option('--token-file <file>', 'access token of the worker (default: CAP_TOKEN, CAP_TOKEN_FILE)')
      .option('--target <dir>', 'directory of the backups'),
  run: async (io, options) => {
    const { url, target, tokenFile } = options;
    if (url !== undefined) {
      const items = await backupsOfWorker(io, { url, tokenFile });
      return printResult(io, options, { items }, () =>
        table(
          ['name', 'bytes', 'log size'],
          items.map(({ name, size_bytes, log_size }) => [name, String(size_bytes), String(log_size)]),
        ),
      );
    }
    if (target === undefined) throw new CapError('option.missing', 'one of --url and --target is required');
    const { backups, strange } = await new BackupTarget(target).list();
    for (const { name, why } of strange) io.err(`cap: ${name} is not a backup: ${why}\n`);
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
  },
});
