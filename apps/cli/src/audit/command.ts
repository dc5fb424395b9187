import { type DefineGroup, group, verb } from '../frame/command.js';

export const defineAudit: DefineGroup = (program, run) => {
  const audit = group(program, 'audit', 'audit logs', [
    'cap audit verify --project project',
    'cap audit verify audit.jsonl',
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
};
