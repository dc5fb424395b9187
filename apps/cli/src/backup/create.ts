import path from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { BackupTarget, dataDirectorySource, runBackup, type Sources } from '@cap/backup';
import { CapError } from '@cap/core';
import { loadSigningKey, requireUsage } from '@cap/crypto/key-files';
import { RegistryData } from '@cap/storage';
import { exists } from '../input.js';
import { type CliIo, printResult, progress, progressDone } from '../io.js';
import { keyPassphrase } from '../keys/key-directory.js';
import { serviceUrl } from '../options.js';
import { dataDirectory } from '../registry/directory-registry.js';
import { repeated } from '../repeated-options.js';
import { type BareCommand, type OptionsOf, verb } from '../verb.js';
import { VERSION } from '../program.js';
import { reportOmissions } from './omissions.js';
import { createOnWorker } from './worker.js';

const syntax = (command: BareCommand) =>
  command
    .addOption(new Option('--url <url>', 'the backup worker').argParser(serviceUrl).conflicts('dataDir'))
    .option('--token-file <file>', 'access token of the worker (default: CAP_TOKEN, CAP_TOKEN_FILE)')
    .option('--data-dir <dir>', 'data directory of a registry that is not running')
    .option('--target <dir>', 'with --data-dir: where the backup is written')
    .option('--key <kid>', 'with --data-dir: the key that signs it')
    .option('--keys <dir>', 'with --data-dir: directory of that key')
    .option(
      '--save <what=dir>',
      "with --data-dir: what else to save, keys=DIR, config=DIR or certs=DIR; repeatable (default: the data directory's keys/)",
      repeated(savedDirectory),
    )
    .option(
      '--allow-plaintext-keys',
      'with --data-dir: also save private keys and secrets, although nothing is encrypted',
    )
    .addHelpText(
      'after',
      '\nWithout --allow-plaintext-keys everything private is left out, and the backup says so.' +
        "\nThe key's passphrase is read from CAP_KEY_PASSPHRASE or the file named by CAP_KEY_PASSPHRASE_FILE.",
    );

/** Creates a backup, through the worker at --url or from a data directory that no registry runs on. */
export default verb({
  examples: [
    'CAP_TOKEN_FILE=token cap backup create --url http://127.0.0.1:8082',
    'cap backup create --data-dir /var/lib/cap-verifier --target /backups/cap-verifier --keys backup-keys --key KID',
  ],
  syntax,
  run: async (io, options) => {
    const { url, tokenFile, dataDir } = options;
    if (url !== undefined) {
      const backup = await createOnWorker(io, { url, tokenFile });
      printResult(io, options, backup, () => backup.name);
      return reportOmissions(io, backup.incomplete);
    }
    if (dataDir === undefined) throw new CapError('option.missing', 'one of --url and --data-dir is required');
    const { removed: _none, ...backup } = await createFrom(io, dataDir, options);
    reportOmissions(io, backup.incomplete);
    printResult(io, options, backup, () => backup.name);
  },
});

async function createFrom(io: CliIo, dataDir: string, options: OptionsOf<typeof syntax>) {
  const { target, key, keys, save = [], allowPlaintextKeys = false } = options;
  if (target === undefined || key === undefined || keys === undefined)
    throw new CapError('option.missing', 'with --data-dir, --target, --keys and --key are required too');
  const signer = await loadSigningKey(keys, key, io.now(), await keyPassphrase(io));
  requireUsage(signer.record, 'backup');
  const sources = await sourcesOf(dataDir, save);
  // As the only owner: a backup of a running registry is the worker's job. CapError storage.owned (busy).
  const data = await RegistryData.open({ ...(await dataDirectory(dataDir)), program: 'cap backup create' });
  try {
    progress(io, 'creating a backup');
    return await runBackup({
      source: dataDirectorySource(data),
      target: new BackupTarget(path.resolve(target)),
      sources,
      signer,
      allowPlaintextKeys,
      recipients: [],
      version: VERSION,
      program: 'cap backup create',
      retention: null,
      now: () => io.now(),
      on: { verified: ({ name }) => progress(io, `${name} is verified; drilling`) },
    });
  } finally {
    progressDone(io);
    await data.close();
  }
}

interface SavedDirectory {
  name: 'keys' | 'config' | 'certs';
  directory: string;
}

/** `keys=DIR`, `config=DIR` or `certs=DIR`. */
function savedDirectory(text: string): SavedDirectory {
  const [, name, directory] = /^(keys|config|certs)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || directory === undefined)
    throw new InvalidArgumentError(`Expected keys=DIR, config=DIR or certs=DIR, not ${text}.`);
  return { name: name as SavedDirectory['name'], directory };
}

async function sourcesOf(dataDir: string, saved: readonly SavedDirectory[]): Promise<Sources> {
  const own = path.join(dataDir, 'keys');
  const sources: Sources = { keys: (await exists(own)) ? own : null, config: null, certs: null };
  for (const { name, directory } of saved) sources[name] = directory;
  return sources;
}
