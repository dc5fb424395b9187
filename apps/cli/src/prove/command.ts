import { type DefineGroup, verb } from '../frame/command.js';
import { IDENTITY, utcTime } from '../frame/option-values.js';

export const defineProve: DefineGroup = (program, run) => {
  verb(program, 'prove', "prove the policy's rules over the committed lists", [
    'cap prove --project project',
    'cap prove --project project --key 5f0c…',
    'cap prove --project project --audience auditor.example.com --nonce 7f3a --expires-at 2026-12-31T00:00:00Z',
  ])
    .requiredOption('--project <dir>', 'project directory with a manifest')
    .option(
      '--backend <name>',
      'kzg-columns (zero knowledge, opens no row), disclosure (opens rows, needs merkle-blake3 commitments), or mock (claims only: the ' +
        "verdict is never better than warn) (default: what the manifest's commitments are for)",
    )
    .option(
      '--key <kid>',
      'the key that will sign the bundle; its public half is enough (default: the only usable one)',
    )
    .option('--keys <dir>', "directory of the keys (default: the project's keys/)")
    .option('--audience <text>', 'whom the proof is for')
    .option('--nonce <text>', 'what the verifier asked to see again')
    .option('--expires-at <time>', 'until when it may be shown, RFC 3339 UTC', utcTime)
    .option('--out <file>', 'where the result goes: the record, or every row that breaks a rule', '-')
    .option(...IDENTITY)
    .addHelpText(
      'after',
      '\nThe proof names its signer: a bundle that this key did not sign fails.\n' +
        'When a rule does not hold: exit 2, and rule, rows and list entries are named (the first ten; all with --json, or\n' +
        'in the file of --out); there is no proof.',
    )
    .action(run.action(async () => (await import('./prove.js')).prove));
};
