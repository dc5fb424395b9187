import { Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';

export const defineBundle: DefineGroup = (program, run) => {
  const bundle = group(program, 'bundle', 'signed bundles (cap-bundle.v3)', [
    'cap bundle create --project project --key 5f0c… --out bundle.zip',
    'cap bundle inspect bundle.zip',
    'cap bundle verify bundle.zip --trust trust.json',
  ]);

  verb(bundle, 'create', 'pack manifest and proof and sign them; prints the bundle id', [
    'cap bundle create --project project --key 5f0c… --out bundle.zip',
  ])
    .requiredOption('--project <dir>', 'project directory with a proof')
    .requiredOption('--key <kid>', 'key to sign with: the one that the proof names')
    .requiredOption('--out <file>', 'the bundle')
    .option('--keys <dir>', "directory of the keys (default: the project's keys/)")
    .option('--label <text>', 'free text for people', 'cap bundle')
    .addHelpText(
      'after',
      '\nSOURCE_DATE_EPOCH sets the time in the bundle. The passphrase of the key is taken from\nCAP_KEY_PASSPHRASE or the file named by CAP_KEY_PASSPHRASE_FILE.',
    )
    .action(run.action(async () => (await import('./create.js')).create));

  verb(bundle, 'inspect <file>', 'what is in a bundle, unjudged', [
    'cap bundle inspect bundle.zip --json',
    'cap bundle inspect bundle.zip --trust trust.json',
  ])
    .option('--trust <file>', 'trust.json: names the owners of the keys, without checking a signature')
    .action(run.action(async () => (await import('./inspect.js')).inspect));

  verb(
    bundle,
    'verify <file>',
    'container, hashes, manifest and signature: the checks up to signer.validity; proof and rules are not looked at',
    ['cap bundle verify bundle.zip --trust trust.json'],
  )
    .option('--trust <file>', 'trust.json')
    .addOption(new Option('--lang <code>', 'language of what is printed').choices(['en', 'de']).default('en'))
    .action(run.action(async () => (await import('./verify.js')).verify));
};
