import { Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';
import { anyText, repeated, utcTime } from '../frame/option-values.js';
import { withPlace } from '../frame/place-options.js';

export const defineAudit: DefineGroup = (program, run) => {
  const audit = group(program, 'audit', 'audit logs', [
    'cap audit verify --project project',
    'cap audit verify audit.jsonl',
    'cap audit export --project project --format csv --out audit.csv',
    'cap audit export --url http://127.0.0.1:8081 --key KID --out export.zip',
  ]);

  verb(
    audit,
    'verify [file]',
    'check an audit log, or the export of a registry; exit 2 names the first event that is wrong',
    [
      'cap audit verify --project project',
      'cap audit verify audit.jsonl --json',
      'cap audit verify export.zip --signer exporter.pub --log-key log.example/cap+2e…+AR…',
    ],
  )
    .option(
      '--project <dir>',
      "check the project's audit.jsonl, and that it has every event that audit.head, manifest and proof name",
    )
    .option('--signer <kid|file>', 'who must have signed the export: key id, or public key file')
    .option(
      '--log-key <key>',
      "the log's verifier key, or a file of such: must have signed the export's checkpoint",
      repeated(anyText),
    )
    .action(run.action(async () => (await import('./verify.js')).verifyAudit));

  withPlace(
    verb(
      audit,
      'export [file]',
      'hand an audit log on once it is verified (2: broken), or a registry, signed, with its proofs',
      [
        'cap audit export --project project --format csv --out audit.csv',
        'cap audit export audit.jsonl',
        'cap audit export --url http://127.0.0.1:8081 --from 2026-01-01T00:00:00Z --mask --key KID --out export.zip',
      ],
    ),
  )
    .option('--project <dir>', "the project's audit.jsonl")
    .addOption(
      new Option('--format <name>', 'jsonl, which cap audit verify reads again, or csv for a spreadsheet')
        .choices(['jsonl', 'csv'])
        .default('jsonl'),
    )
    .option('--out <file>', 'where it goes; of a registry: FILE.zip, or a directory', '-')
    .option('--from <time>', 'of a registry: only what was registered at or after', utcTime)
    .option('--to <time>', 'only what was registered before', utcTime)
    .option('--policy <hash>', 'only entries of this policy')
    .option('--signer <kid>', 'only entries by this signer')
    .option('--company <text>', 'only entries of this company')
    .addOption(new Option('--result <verdict>', 'only entries with this verdict').choices(['ok', 'warn', 'fail']))
    .option('--mask', 'companies and signers only as salted digests')
    .option('--key <kid>', 'signs the export of a registry; a key with the usage audit')
    .option('--keys <dir>', 'where the key is (default: keys)')
    .action(run.action(async () => (await import('./export.js')).exportAudit));
};
