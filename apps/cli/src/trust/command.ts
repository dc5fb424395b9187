import { type DefineGroup, group, verb } from '../frame/command.js';
import { anyText, namedList, notEmpty, repeated, wholeNumber } from '../frame/option-values.js';

const DEFAULT_WORDS = '\nWithout a name: trust.json in the current directory.';

export const defineTrust: DefineGroup = (program, run) => {
  const trust = group(program, 'trust', 'whom and what a verifier trusts (trust.json)', [
    'cap trust init',
    'cap trust add trust.json --signer keys/5f0c….pub --policy policy.json',
    'cap trust show',
  ]);

  verb(trust, 'init', 'make an empty trust.json', ['cap trust init --out trust.json'])
    .option('--out <file>', 'the trust store', 'trust.json')
    .action(run.action(async () => (await import('./trust.js')).init));

  verb(
    trust,
    'add [trust]',
    'add signers, policies, reference lists, logs and witnesses; one that is there already is replaced',
    [
      'cap trust add trust.json --signer project/keys/5f0c….pub --company "ACME GmbH"',
      'cap trust add trust.json --policy policy.yaml --reference-list sanctions=sanctions.csv@2025-11-01',
      'cap trust add trust.json --log-key log.example/cap+2e…+AR… --witness-key witness.example+45…+BF… --witness-threshold 1',
    ],
  )
    .option('--signer <file>', '<kid>.pub or <kid>.json; the other stands beside it; repeatable', repeated(anyText))
    .option(
      '--company <name>',
      'company that the one --signer signs for, as its manifests name it; another one is a warning',
      notEmpty,
    )
    .option('--lei <lei>', 'its legal entity identifier', notEmpty)
    .option('--policy <file>', 'policy, JSON or YAML; repeatable', repeated(anyText))
    .option(
      '--reference-list <id=file[@day]>',
      'its hash and the day it is of (default: today); repeatable',
      repeated(namedList),
    )
    .option('--log-key <key>', 'verifier key of a log whose receipts count; repeatable', repeated(anyText))
    .option('--witness-key <key>', 'verifier key of a witness; repeatable', repeated(anyText))
    .option(
      '--witness-threshold <n>',
      'how many witnesses must have cosigned a checkpoint; more than half of them, or two trees may pass',
      wholeNumber(0, 100),
    )
    .option('--out <file>', 'write the result there instead')
    .addHelpText('after', DEFAULT_WORDS)
    .action(run.action(async () => (await import('./trust.js')).add));

  verb(trust, 'sign [trust]', 'sign the trust store: TRUST.sig beside it', [
    'cap trust sign trust.json --keys keys --key 5f0c…',
  ])
    .requiredOption('--keys <dir>', 'directory of the key')
    .requiredOption('--key <kid>', 'who signs')
    .addHelpText('after', DEFAULT_WORDS)
    .action(run.action(async () => (await import('./trust.js')).sign));

  verb(trust, 'show [trust]', 'what the trust store holds, and its hash', ['cap trust show trust.json --json'])
    .addHelpText('after', DEFAULT_WORDS)
    .action(run.action(async () => (await import('./trust.js')).show));
};
