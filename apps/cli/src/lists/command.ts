import { Option } from 'commander';
import { type DefineGroup, group, verb } from '../frame/command.js';
import { day, delimiter, notEmpty, percent, serviceUrl } from '../frame/option-values.js';

export const defineLists: DefineGroup = (program, run) => {
  const lists = group(program, 'lists', 'reference lists: sanctions, jurisdictions', [
    'cap lists import official.csv --kind sanctions --delimiter ";" --columns name=WholeName --out sanctions.csv',
    'CAP_TOKEN_FILE=token cap lists publish sanctions.csv --id sanctions --as-of 2025-11-01 --url http://127.0.0.1:8080',
  ]);
  const kind = (words: string) => new Option('--kind <kind>', words).choices(['sanctions', 'jurisdictions']);

  verb(lists, 'import <file>', 'turn a CSV with other columns into a reference list; reports every bad row', [
    'cap lists import official.csv --kind sanctions --delimiter ";" --columns name=WholeName,birthdate=DoB \\',
    '    --out sanctions.csv',
  ])
    .addOption(kind('what it is').makeOptionMandatory())
    .option('--delimiter <char>', 'between the fields, one character or the word tab', delimiter, ',')
    .option('--encoding <name>', 'of the file', 'utf-8')
    .option('--columns <map>', 'FIELD=HEADER,…')
    .option(
      '--leave-out-bad',
      'leave out rows that can not be used, leave optional cells that are wrong empty, and name each',
    )
    .option(
      '--allow-loss <percent>',
      'with --leave-out-bad: the part of the rows that may be left out, such as 60%; more ends with 2',
      percent,
      1,
    )
    .option('--out <file>', 'the reference list', '-')
    .action(run.action(async () => (await import('./import.js')).importList));

  verb(lists, 'publish <file>', 'hand a reference list to a service, by its hash', [
    'CAP_TOKEN_FILE=token cap lists publish sanctions.csv --id sanctions --as-of 2025-11-01 --url https://verifier.example.com',
  ])
    .requiredOption('--id <name>', 'name that policies and manifests know it by: sanctions, jurisdictions, …')
    .requiredOption('--url <url>', 'verifier API or registry', serviceUrl)
    .requiredOption('--as-of <day>', 'the day the list is of', day)
    .addOption(kind('what it is (default: jurisdictions if it is named so, else sanctions)'))
    .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)')
    .action(run.action(async () => (await import('./publish.js')).publish));

  verb(
    lists,
    'withdraw <hash>',
    'say that nobody should rely on a published list any more; it stays there to be read',
    [
      'CAP_TOKEN_FILE=token cap lists withdraw 0x5f0c… --reason "half of the entries were missing" --url https://verifier.example.com',
    ],
  )
    .requiredOption('--reason <text>', 'why; kept in clear, so name nobody in it', notEmpty)
    .requiredOption('--url <url>', 'verifier API or registry', serviceUrl)
    .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)')
    .action(run.action(async () => (await import('./withdraw.js')).withdraw));
};
