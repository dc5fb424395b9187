import { type DefineGroup, group, verb } from '../frame/command.js';
import { commitmentScheme, day, listWithDay, namedList, repeated } from '../frame/option-values.js';

export const defineManifest: DefineGroup = (program, run) => {
  const manifest = group(program, 'manifest', "the project's manifest", [
    'cap manifest build --project project --policy policy.json --sanctions sanctions.csv@2025-11-01',
  ]);

  verb(manifest, 'build', "name policy, commitments and reference lists in the project's manifest.json", [
    'cap manifest build --project project --policy policy.json',
    'cap manifest build --project project --policy policy.yaml --sanctions sanctions.csv@2025-11-01 \\',
    '    --jurisdictions jurisdictions.csv@2025-10-01 --company "ACME GmbH"',
  ])
    .requiredOption('--project <dir>', 'project directory of cap prepare')
    .requiredOption('--policy <file>', 'policy, JSON or YAML')
    .option('--sanctions <file[@day]>', 'sanctions list and the day it is of (default: today)', listWithDay)
    .option('--jurisdictions <file[@day]>', 'country risk levels and the day they are of (default: today)', listWithDay)
    .option(
      '--list <id=file[@day]>',
      'another reference list that the policy names by its id; repeatable',
      repeated(namedList),
    )
    .option(
      '--scheme <name>',
      'how both lists are committed to: kzg-columns (zero knowledge, shows of the number of rows only a range) or ' +
        'merkle-blake3 (backend disclosure, for rules about a share of rows) (default: kzg-columns)',
      commitmentScheme,
    )
    .option('--company <name>', 'company that the manifest names (none: it names nobody)')
    .option('--lei <lei>', 'its legal entity identifier')
    .option('--as-of <day>', "the day that the company's lists describe (default: today)", day)
    .action(run.action(async () => (await import('./build.js')).build));
};
