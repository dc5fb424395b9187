import { Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';
import { anyText, repeated, utcTime, wholeNumber } from '../frame/option-values.js';
import { withPlace } from '../frame/place-options.js';

export const defineRegistry: DefineGroup = (program, run) => {
  const registry = group(program, 'registry', 'look into a registry and check it', [
    'CAP_TOKEN_FILE=token cap registry list --url http://127.0.0.1:8081',
    'cap registry show 0x5f0c… --data-dir /var/lib/cap-verifier',
    'cap registry fsck --data-dir /var/lib/cap-verifier',
  ]);

  withPlace(
    verb(registry, 'list', 'list the entries, newest last', [
      'cap registry list --data-dir /var/lib/cap-verifier --result fail',
      'cap registry list --url http://127.0.0.1:8081 --limit 20 --json',
    ]),
  )
    .option('--policy <hash>', 'only of this policy')
    .option('--signer <kid>', 'only by this signer')
    .option('--company <text>', 'only of this company')
    .addOption(new Option('--result <verdict>', 'only with this verdict').choices(['ok', 'warn', 'fail']))
    .option('--from <time>', 'registered at or after', utcTime)
    .option('--to <time>', 'registered before', utcTime)
    .option('--limit <n>', 'how many', wholeNumber(1, 1000), 100)
    .option('--cursor <text>', 'go on where a page ended (next_cursor)')
    .action(run.action(async () => (await import('./entries.js')).list));

  withPlace(
    verb(registry, 'show <entry>', 'show one entry', ['cap registry show 0192… --url http://127.0.0.1:8081']),
  ).action(run.action(async () => (await import('./entries.js')).show));

  withPlace(
    verb(registry, 'fsck', 'derive everything again and compare; exit 2 names the first bad object', [
      'cap registry fsck --data-dir /var/lib/cap-verifier',
      'cap registry fsck --data-dir /var/lib/cap-verifier --log-key log.example/cap+2e…+AR…',
      'cap registry fsck --config /etc/cap-verifier/registry.yaml',
      'cap registry fsck --url http://127.0.0.1:8081        (what can be derived from outside: the event chain)',
    ]),
  )
    .option(
      '--log-key <key>',
      "the log's verifier key, or a file of such: its checkpoints' signatures are checked",
      repeated(anyText),
    )
    .addOption(
      new Option('--config <file>', "the registry's configuration, which names its stores").conflicts([
        'dataDir',
        'url',
      ]),
    )
    .action(run.action(async () => (await import('./fsck.js')).fsck));

  withPlace(
    verb(registry, 'hold <id>', 'put an entry, or all entries of a bundle, under legal hold', [
      'cap registry hold 0x5f0c… --url http://127.0.0.1:8081',
    ]),
  ).action(run.action(async () => (await import('./evidence.js')).hold));

  withPlace(
    verb(registry, 'release <id>', 'end the legal hold of an entry, or of all entries of a bundle', [
      'cap registry release 0x5f0c… --url http://127.0.0.1:8081',
    ]),
  ).action(run.action(async () => (await import('./evidence.js')).release));

  withPlace(
    verb(registry, 'erase <id>', 'remove the bundle of an entry, or a bundle, for good; entries and proofs stay', [
      'cap registry erase 0x5f0c… --url http://127.0.0.1:8081',
    ]),
  )
    .addOption(
      new Option('--reason <reason>', 'what the log says')
        .choices(['personal-data', 'retention'])
        .default('personal-data'),
    )
    .option('--yes', 'do not ask')
    .action(run.action(async () => (await import('./evidence.js')).erase));

  withPlace(
    verb(registry, 'retention', 'erase the bundles that are older than the retention and not held', [
      'cap registry retention --url http://127.0.0.1:8081 --dry-run',
      'cap registry retention --data-dir /var/lib/cap-verifier --years 10',
    ]),
  )
    .option('--years <n>', 'age, 7 or more (default: registry.retention_years of the service)', wholeNumber(7, 1000))
    .option('--dry-run', 'name them, and erase nothing')
    .action(run.action(async () => (await import('./evidence.js')).retention));

  verb(registry, 'migrate', 'move a data directory to PostgreSQL and a bucket, and verify everything there', [
    'cap registry migrate --from /var/lib/cap-verifier --to-config /etc/cap-verifier/app.yaml --dry-run',
  ])
    .requiredOption('--from <dir>', 'the data directory; no registry may run on it')
    .requiredOption('--to-config <file>', 'configuration of the registry that takes over')
    .option('--dry-run', 'look at both ends and change nothing')
    .action(run.action(async () => (await import('./migrate.js')).migrate));

  withPlace(
    verb(registry, 'export', 'hand on what a registry knows, one JSON object a line', [
      'cap registry export --data-dir /var/lib/cap-verifier --out registry.jsonl',
    ]),
  )
    .option('--out <file>', 'where it goes', '-')
    .action(run.action(async () => (await import('./exchange/export.js')).exportRecords));

  withPlace(
    verb(registry, 'import <file>', "note the entries of the older program's registry (1.0) in the log, unverified", [
      'cap registry import registry.json --url http://127.0.0.1:8081 --dry-run',
      'cap registry import registry.sqlite --data-dir /var/lib/cap-verifier --leave-out remarks',
    ]),
  )
    .option('--leave-out <member>', 'a member that has no place here', repeated(anyText))
    .option('--dry-run', 'read and map everything, and note nothing')
    .action(run.action(async () => (await import('./exchange/import.js')).importLegacy));

  withPlace(
    verb(registry, 'reverify', 'judge every registered bundle again: whose verdict would change? (writes nothing)', [
      'cap registry reverify --data-dir /var/lib/cap-verifier --trust trust.json',
      'cap registry reverify --url http://127.0.0.1:8081 --policy next.yaml --trust trust.json --json',
    ]),
  )
    .option('--policy <file>', 'judge by this policy instead of the one that each manifest names')
    .option('--trust <file>', 'trust.json: signers and policies you trust')
    .option('--no-allow-mock', 'a proof that is only claimed is a fail')
    .action(run.action(async () => (await import('./reverify.js')).reverify));
};
