import { Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';

export const defineAudit: DefineGroup = (program, run) => {
  const audit = group(program, 'audit', 'audit logs', [
    'cap audit verify --project project',
    'cap audit verify audit.jsonl',
    'cap audit export --project project --format csv --out audit.csv',
  ]);

  verb(audit, 'verify [file]', 'check the hash chain of an audit log; exit 2 names the first event that breaks it', [
    'cap audit verify --project project',
    'cap audit verify audit.jsonl --json',
  ])
    .option(
      '--project <dir>',
      "check the project's audit.jsonl, and that it has every event that audit.head, manifest and proof name",
    )
    .action(run.action(async () => (await import('./verify.js')).verifyAudit));

  verb(audit, 'export [file]', 'hand an audit log on once it is verified; exit 2 and nothing written if it is broken', [
    'cap audit export --project project --format csv --out audit.csv',
    'cap audit export audit.jsonl',
  ])
    .option('--project <dir>', "the project's audit.jsonl")
    .addOption(
      new Option('--format <name>', 'jsonl, which cap audit verify reads again, or csv for a spreadsheet')
        .choices(['jsonl', 'csv'])
        .default('jsonl'),
    )
    .option('--out <file>', 'where the events go', '-')
    .action(run.action(async () => (await import('./export.js')).exportAudit));
};
