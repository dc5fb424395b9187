import { Argument } from 'commander';
import { type DefineGroup, withExamples } from '../frame/command.js';

export const defineCompletion: DefineGroup = (program, run) => {
  const completion = program
    .command('completion')
    .summary('print the completion script of a shell')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']));
  withExamples(completion, [
    'cap completion bash > /etc/bash_completion.d/cap',
    'source <(cap completion zsh)',
    'cap completion fish > ~/.config/fish/completions/cap.fish',
  ]).action(run.action(async () => (await import('./completion.js')).completion));
};
