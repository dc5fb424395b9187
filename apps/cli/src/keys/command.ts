import { Option } from 'commander';
import { KEY_USAGES, type KeyUsage } from '@cap/crypto';
import { type DefineGroup, group, verb } from '../frame/command.js';
import { notEmpty, wholeNumber } from '../frame/option-values.js';

export const defineKeys: DefineGroup = (program, run) => {
  const keys = group(program, 'keys', 'signing keys (Ed25519, cap-key.v2)', [
    'cap keys generate --project project --owner "ACME Compliance"',
    'cap keys list --project project',
    'cap keys show 5f0c…  --keys /var/lib/cap-verifier/keys',
  ]);
  const where = (command: ReturnType<typeof verb>) =>
    command
      .option('--keys <dir>', "directory of the keys (default: the project's keys/)")
      .option('--project <dir>', 'project directory (default: the current one)');

  const usual: readonly KeyUsage[] = ['bundle', 'backup'];
  where(
    verb(keys, 'generate', 'make a key: <kid>.key (mode 0600), <kid>.pub, <kid>.json', [
      'cap keys generate --owner "ACME Compliance" --valid-days 365',
      'CAP_KEY_PASSPHRASE_FILE=passphrase cap keys generate --owner "ACME Compliance"',
      'cap keys generate --keys witness --owner "Audit GmbH" --usage witness',
    ]),
  )
    .requiredOption('--owner <text>', 'whose key it is', notEmpty)
    .option('--valid-days <n>', 'how long it may sign', wholeNumber(1, 36_500), 730)
    .addOption(new Option('--usage <what...>', 'what it may sign').choices(KEY_USAGES).default(usual))
    .option('--out <dir>', 'the same as --keys')
    .addHelpText(
      'after',
      '\nA passphrase is taken from CAP_KEY_PASSPHRASE or the file named by CAP_KEY_PASSPHRASE_FILE.',
    )
    .action(run.action(async () => (await import('./keys.js')).generate));

  where(verb(keys, 'list', 'list the keys', ['cap keys list --project project --json'])).action(
    run.action(async () => (await import('./keys.js')).list),
  );

  where(
    verb(keys, 'show <kid>', 'show one key: record and public key', [
      'cap keys show 5f0c…',
      'cap keys show 5f0c… --keys witness --note-name witness.example      # its line for trust.json',
    ]),
  )
    .option('--note-name <name>', "its verifier key under this name: a witness's, or a log's origin; by its usage")
    .action(run.action(async () => (await import('./keys.js')).show));

  verb(keys, 'jwk-to-pem <file>', "a public key of a token issuer's JWK or JWKS as PEM, for oauth.public_key_path", [
    'cap keys jwk-to-pem jwks.json --kid 2026-01 --out public.pem',
  ])
    .option('--kid <kid>', 'which key of the set; needed if there are several')
    .option('--out <file>', 'where the PEM goes', '-')
    .action(run.action(async () => (await import('./jwk-to-pem.js')).jwkToPem));
};
