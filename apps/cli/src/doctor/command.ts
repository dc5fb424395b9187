import { Option } from 'commander';
import { type DefineGroup, verb } from '../frame/command.js';

export const defineDoctor: DefineGroup = (program, run) => {
  verb(
    program,
    'doctor',
    'look for what keeps a service, or this machine, from working: exit 0 fine, 1 warnings, 2 faults',
    [
      'cap doctor',
      'cap doctor --service verifier --config /etc/cap-verifier/app.yaml',
      'cap doctor --service registry --config /etc/cap-verifier/registry.yaml --json',
    ],
  )
    .option('--config <file>', 'app.yaml of the service')
    .addOption(new Option('--service <name>', 'whose needs are checked').choices(['verifier', 'registry', 'backup']))
    .action(run.action(async () => (await import('./doctor.js')).doctor));
};
