import { type Command, Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';

export const defineConfig: DefineGroup = (program, run) => {
  const config = group(program, 'config', 'configuration of the services', [
    'cap config check --config /etc/cap-verifier/app.yaml --service verifier',
    'cap config show --config /etc/cap-verifier/app.yaml',
  ]);
  const source = (command: Command) =>
    command
      .option('--config <file>', 'app.yaml; auth.yaml and tls.yaml beside it are read too (default: CAP_CONFIG)')
      .addOption(
        new Option('--service <name>', 'check also what this service needs').choices([
          'verifier',
          'registry',
          'backup',
        ]),
      )
      .addHelpText(
        'after',
        '\nThe variables of this shell (CAP_…, TLS_MODE, LOG_LEVEL) count as they do for a service.',
      );
  source(
    verb(config, 'check', 'exit 78 with file, key and what was expected, if it is wrong', [
      'cap config check --config /etc/cap-verifier/app.yaml',
    ]),
  ).action(run.action(async () => (await import('./config.js')).check));

  source(
    verb(config, 'show', 'what a service would run with; secrets are masked', [
      'cap config show --config /etc/cap-verifier/app.yaml --json',
    ]),
  ).action(run.action(async () => (await import('./config.js')).show));
};
