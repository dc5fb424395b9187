import { type Command, Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';
import { repeated, serviceUrl } from '../frame/option-values.js';
import { savedDirectory } from './saved-directory.js';

export const defineBackup: DefineGroup = (program, run) => {
  const backup = group(program, 'backup', 'make, list, check and restore backups of a registry', [
    'CAP_TOKEN_FILE=token cap backup create --url http://127.0.0.1:8082',
    'cap backup list --target /backups/cap-verifier',
    'cap backup verify /backups/cap-verifier/backup_20260115_020000.tar.gz --signer backup.pub',
    'cap backup restore backup_20260115_020000.tar.gz --to /var/lib/cap-verifier --signer backup.pub',
  ]);
  const orOfWorker = (command: Command, offline: string) =>
    command
      .addOption(new Option('--url <url>', 'the backup worker').argParser(serviceUrl).conflicts(offline))
      .option('--token-file <file>', 'access token of the worker (default: CAP_TOKEN, CAP_TOKEN_FILE)');
  const signed = (command: Command) =>
    command.requiredOption('--signer <kid|file>', 'whose signature it must carry: key id, or file of the public key');

  orOfWorker(
    verb(backup, 'create', 'make a backup now, read it back and drill it: by the worker, or of a data directory', [
      'CAP_TOKEN_FILE=token cap backup create --url http://127.0.0.1:8082',
      'cap backup create --data-dir /var/lib/cap-verifier --target /backups/cap-verifier --keys backup-keys --key KID',
    ]),
    'dataDir',
  )
    .option('--data-dir <dir>', 'data directory of a registry that does not run')
    .option('--target <dir>', 'with --data-dir: where the backup goes')
    .option('--key <kid>', 'with --data-dir: the key that signs it')
    .option('--keys <dir>', 'with --data-dir: directory of that key')
    .option(
      '--save <what=dir>',
      "with --data-dir: what else is saved, keys=DIR, config=DIR or certs=DIR (default: the data directory's keys/)",
      repeated(savedDirectory),
    )
    .option('--allow-plaintext-keys', 'with --data-dir: save private keys and secrets too, though nothing is encrypted')
    .addHelpText(
      'after',
      '\nWithout --allow-plaintext-keys whatever is private is left out, and the backup says so.' +
        "\nThe key's passphrase is taken from CAP_KEY_PASSPHRASE or the file named by CAP_KEY_PASSPHRASE_FILE.",
    )
    .action(run.action(async () => (await import('./create.js')).create));

  orOfWorker(
    verb(backup, 'list', 'list the backups that count, newest first', [
      'cap backup list --target /backups/cap-verifier',
      'CAP_TOKEN_FILE=token cap backup list --url http://127.0.0.1:8082 --json',
    ]),
    'target',
  )
    .option('--target <dir>', 'directory of the backups')
    .action(run.action(async () => (await import('./list.js')).list));

  signed(
    verb(backup, 'verify <archive>', 'check signature and every hash; exit 2 names the first fault', [
      'cap backup verify backup_20260115_020000.tar.gz --signer backup.pub',
    ]),
  ).action(run.action(async () => (await import('./verify.js')).verify));

  signed(
    verb(backup, 'drill <archive>', 'restore into a scratch directory, check everything in it, remove it', [
      'cap backup drill backup_20260115_020000.tar.gz --signer backup.pub',
    ]),
  )
    .option('--scratch <dir>', 'where to unpack (default: beside the archive)')
    .action(run.action(async () => (await import('./drill.js')).drill));

  signed(
    verb(backup, 'restore <archive>', 'put a backup in the place of a data directory; the old one is kept beside it', [
      'cap backup restore backup_20260115_020000.tar.gz --to /var/lib/cap-verifier --signer backup.pub',
    ]),
  )
    .requiredOption('--to <dir>', 'the data directory; no registry may run on it')
    .option('--checkpoint <file>', 'newest checkpoint of the log that you hold: says what the backup lacks')
    .action(run.action(async () => (await import('./restore.js')).restore));
};
