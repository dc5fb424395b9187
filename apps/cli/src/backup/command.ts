import { type DefineGroup, group, verb } from '../frame/command.js';
import { serviceUrl } from '../frame/option-values.js';

export const defineBackup: DefineGroup = (program, run) => {
  const backup = group(program, 'backup', 'backups of a registry', [
    'CAP_TOKEN_FILE=token cap backup create --url http://127.0.0.1:8082',
    'CAP_TOKEN_FILE=token cap backup list --url http://127.0.0.1:8082',
  ]);
  const ofWorker = (name: string, summary: string) =>
    verb(backup, name, summary, [`CAP_TOKEN_FILE=token cap backup ${name} --url http://127.0.0.1:8082`])
      .requiredOption('--url <url>', 'the backup worker', serviceUrl)
      .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)');

  ofWorker('create', 'let the backup worker make one now; it answers once it has read it back').action(
    run.action(async () => (await import('./remote.js')).create),
  );
  ofWorker('list', 'list the backups of a worker').action(run.action(async () => (await import('./remote.js')).list));
};
