import { type DefineGroup, verb } from '../frame/command.js';

export const defineInspect: DefineGroup = (program, run) => {
  verb(program, 'inspect <bundle-or-project>', 'say what a bundle or a project shows to whoever gets it', [
    'cap inspect bundle.zip',
    'cap inspect project --json',
  ])
    .option('--trust <file>', 'trust.json: names the owners of the keys, without checking a signature')
    .action(run.action(async () => (await import('./inspect.js')).inspect));
};
