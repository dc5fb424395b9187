import { type DefineGroup, group, verb } from '../frame/command.js';
import { serviceUrl } from '../frame/option-values.js';

export const defineBackup: DefineGroup = (program, run) => {
  const backup = group(program, 'backup', 'backups of a registry', [
    'CAP_TOKEN_FILE=token cap backup create --url http://127.0.0.1:8082',
    'cap backup list --target /backups/cap-verifier',
    'cap backup verify /backups/cap-verifier/backup_20251106_020000.tar.gz --signer backup.pub',
    'cap backup restore /backups/cap-verifier/backup_20251106_020000.tar.gz --to /var/lib/cap-verifier --signer backup.pub',
  ]);
  const tokenFile = '--token-file <file>';
  const tokenWords = 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)';

  verb(backup, 'create', 'let the backup worker make one now', ['cap backup create --url http://127.0.0.1:8082'])
    .requiredOption('--url <url>', 'the backup worker', serviceUrl)
    .option(tokenFile, tokenWords)
    .action(run.action(async () => (await import('./remote.js')).create));

  verb(backup, 'list', 'list backups, newest first', [
    'cap backup list --target /backups/cap-verifier',
    'cap backup list --url http://127.0.0.1:8082',
  ])
    .option('--target <dir>', 'directory of the backups')
    .option('--url <url>', 'the backup worker', serviceUrl)
    .option(tokenFile, tokenWords)
    .action(run.action(async () => (await import('./list.js')).list));

  verb(backup, 'verify <archive>', 'check signature and every hash; exit 2 names the first that is wrong', [
    'cap backup verify backup_20251106_020000.tar.gz --signer backup.pub',
  ])
    .option('--signer <kid|file>', 'whose signature it must carry')
    .action(run.action(async () => (await import('./archive.js')).verify));

  verb(backup, 'restore <archive>', 'check a backup, then put it in place of a data directory', [
    'cap backup restore backup_20251106_020000.tar.gz --to /var/lib/cap-verifier --signer backup.pub',
  ])
    .requiredOption('--to <dir>', 'data directory; the old one is kept beside it')
    .requiredOption('--signer <kid|file>', 'whose signature it must carry')
    .action(run.action(async () => (await import('./archive.js')).restore));

  verb(backup, 'drill <archive>', 'restore into a scratch directory, check everything, remove it again', [
    'cap backup drill backup_20251106_020000.tar.gz --signer backup.pub',
  ])
    .option('--signer <kid|file>', 'whose signature it must carry')
    .action(run.action(async () => (await import('./archive.js')).drill));
};
