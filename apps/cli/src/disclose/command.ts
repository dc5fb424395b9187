import { type DefineGroup, verb } from '../frame/command.js';
import { IDENTITY, repeated } from '../frame/option-values.js';
import { rowSelection } from './rows.js';

export const defineDisclose: DefineGroup = (program, run) => {
  verb(program, 'disclose', "open rows of the proof's commitment for an auditor's sample", [
    'cap disclose --project project --rows suppliers:0,17,30-34 --out sample.json',
    'cap disclose --project project --rows suppliers:3 --rows ubos:0 --out sample.json',
    'cap disclose --project project --lines suppliers:12 --out sample.json',
  ])
    .requiredOption('--project <dir>', 'project directory with a proof of kzg-columns')
    .option(
      '--rows <list:rows>',
      'places in the commitment, from 0, as an auditor asks for them; repeatable',
      repeated(rowSelection),
    )
    .option('--lines <list:lines>', 'lines of the file that the list came from; repeatable', repeated(rowSelection))
    .requiredOption('--out <file>', 'where the opened rows go')
    .option(...IDENTITY)
    .addHelpText(
      'after',
      '\nThe whole row is opened, with its salts, and nothing of any other one. "cap verify BUNDLE --disclosure FILE" checks that\nit is a row of the commitment; whether it is true, other books say.',
    )
    .action(run.action(async () => (await import('./disclose.js')).disclose));
};
