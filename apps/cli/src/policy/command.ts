import { type Command, Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';

export const definePolicy: DefineGroup = (program, run) => {
  const policy = group(program, 'policy', 'policies (v1 and v2, JSON or YAML)', [
    'cap policy lint policy.yaml',
    'cap policy compile policy.yaml --out policy.ir.json',
    'cap policy test policy.yaml cases.yaml',
  ]);
  const lintMode = (command: Command) =>
    command.addOption(
      new Option('--lint-mode <mode>', 'relaxed: a missing legal basis is a warning')
        .choices(['strict', 'relaxed'])
        .default('strict'),
    );

  verb(policy, 'validate <file>', 'is it a policy? Prints its id and hash; exit 65 if not', [
    'cap policy validate policy.json',
    'cat policy.yaml | cap policy validate -',
  ]).action(run.action(async () => (await import('./policy.js')).validate));

  lintMode(
    verb(policy, 'lint <file>', 'exit 0 clean, 1 warnings, 2 errors', ['cap policy lint policy.yaml --json']),
  ).action(run.action(async () => (await import('./policy.js')).lint));

  lintMode(
    verb(policy, 'compile <file>', 'compile to IR; exit 2 and nothing written when a lint is an error', [
      'cap policy compile policy.yaml > policy.ir.json',
    ]),
  )
    .option('--out <file>', 'where the IR goes', '-')
    .action(run.action(async () => (await import('./policy.js')).compile));

  verb(policy, 'show <file>', 'what the policy demands, rule by rule', ['cap policy show policy.yaml']).action(
    run.action(async () => (await import('./policy.js')).show),
  );

  verb(policy, 'test <file> [cases]', 'run the cases kept beside a policy; exit 2 when one fails', [
    'cap policy test policy.yaml                 (policy.cases.yaml or policy.cases.json beside it)',
    'cap policy test policy.yaml cases.yaml',
  ]).action(run.action(async () => (await import('./policy.js')).test));
};
