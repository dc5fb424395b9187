import { Option } from 'commander';
import { type DefineGroup, verb } from '../frame/command.js';
import { namedListOfDay, repeated, serviceUrl, utcTime } from '../frame/option-values.js';

export const defineVerify: DefineGroup = (program, run) => {
  verb(program, 'verify <bundle>', 'judge a bundle, check by check: exit 0 ok, 1 warn, 2 fail', [
    'cap verify bundle.zip --policy policy.json --trust trust.json',
    'cap verify bundle.zip --policy policy.json --trust trust.json --lang de',
    'CAP_TOKEN_FILE=token cap verify bundle.zip --url https://verifier.example.com',
    'cap verify bundle.zip --trust trust.json --receipt receipt.json',
    'cat bundle.zip | cap verify - --trust trust.json --json',
  ])
    .option('--policy <file|hash>', 'your policy, or the hash of one in trust.json (with --url: known to the service)')
    .option('--trust <file>', 'trust.json: signers, policies and reference lists you trust')
    .option('--trust-signer <file>', 'public key that must have signed the trust store (TRUST.sig beside it)')
    .option(
      '--list <id=file@day>',
      'a reference list you hold, and the day it is of; repeatable',
      repeated(namedListOfDay),
    )
    .option('--at <time>', 'judge as of this time instead of now, RFC 3339 UTC', utcTime)
    .option('--audience <text>', 'whom the proof must be for')
    .option('--nonce <text>', 'what the proof must repeat')
    .option('--backend <names>', 'accepted backends, comma-separated, or auto', 'auto')
    .addOption(
      new Option('--environment <name>', 'production: a proof that is only claimed is a fail').choices([
        'development',
        'production',
      ]),
    )
    .option('--no-allow-mock', 'a proof that is only claimed is a fail')
    .addOption(new Option('--offline', 'ask no service (the default)').conflicts('url'))
    .option('--url <url>', 'let the verifier API at this address judge', serviceUrl)
    .option('--check-registry', 'the bundle must be in the registry (only with --url)')
    .option(
      '--receipt <file>',
      'the bundle must be in the registry by this receipt, and its time counts (only offline)',
    )
    .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)')
    .addOption(new Option('--lang <code>', 'language of the printed report').choices(['en', 'de']).default('en'))
    .option(
      '--disclosure <file>',
      'rows of "cap disclose" that must be among those the proof is about: part of the verdict (only offline)',
    )
    .option('--out <file>', 'where the report goes', '-')
    .addHelpText(
      'after',
      '\nok means: every rule holds for the rows that the company committed to. That they are true and complete it does not mean.\n' +
        'With --json exactly the bytes of the report (cap-report.v2, RFC 8785) and a line feed.',
    )
    .action(run.action(async () => (await import('./verify.js')).verify));
};
