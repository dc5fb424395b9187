import { InvalidArgumentError } from '@commander-js/extra-typings';
import { CapError, jcs } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { placesOfLines, Project, sampleRows } from '@cap/prover';
import type { ListName } from '@cap/lists';
import { saltDecrypter } from '../age.js';
import { printResult } from '../io.js';
import { IDENTITY } from '../options.js';
import { writeOutput } from '../output.js';
import { repeated } from '../repeated-options.js';
import { verb } from '../verb.js';

export default verb({
  examples: [
    'cap disclose --project project --rows suppliers:0,17,30-34 --out sample.json',
    'cap disclose --project project --rows suppliers:3 --rows ubos:0 --out sample.json',
    'cap disclose --project project --lines suppliers:12 --out sample.json',
  ],
  syntax: (command) =>
    command
      .requiredOption('--project <dir>', 'project directory with a proof of kzg-columns')
      .option(
        '--rows <list:rows>',
        'positions in the commitment, from 0, as an auditor asks for them; repeatable',
        repeated(rowSelection),
      )
      .option(
        '--lines <list:lines>',
        'line numbers of the file that the list came from; repeatable',
        repeated(rowSelection),
      )
      .requiredOption('--out <file>', 'where the opened rows are written')
      .option(...IDENTITY)
      .addHelpText(
        'after',
        '\nOpens each row in full, with its salts, and nothing of any other row. "cap verify BUNDLE --disclosure FILE" checks that\n' +
          'the row is part of the commitment. Whether it is true can only be checked against other records.',
      ),
  run: async (io, options) => {
    const project = await Project.open(options.project);
    const decrypter = saltDecrypter(io, options.identity);
    const places = new Map<ListName, number[]>();
    const add = (list: ListName, numbers: readonly number[]) =>
      places.set(list, [...(places.get(list) ?? []), ...numbers]);
    for (const { list, numbers } of options.rows ?? []) add(list, numbers);
    for (const { list, numbers } of options.lines ?? [])
      add(list, await placesOfLines(project, list, numbers, decrypter.reveal));
    if (places.size === 0) throw new CapError('option.missing', 'choose rows with --rows or --lines');
    const sample = await sampleRows(project, places, rfc3339(io.now()), { threads: io.threads, ...decrypter });
    await writeOutput(io, options.out, jcs(sample));
    const opened = sample.segments.map(({ list, rows }) => `${list}: ${rows.length} rows`).join(', ');
    if (options.out !== '-') printResult(io, options, sample, () => `${options.out}  ${opened}`);
    io.err('The file shows these rows in full: give it only to the auditor who asked for them.\n');
  },
});

const MAX_ROWS = 10_000;

/** `LIST:1,2,5-9`; without a list, suppliers. */
function rowSelection(text: string): { list: ListName; numbers: number[] } {
  const [, list = 'suppliers', numbers] =
    /^(?:(suppliers|ubos)[:=])?(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/.exec(text) ?? [];
  if (numbers === undefined) throw new InvalidArgumentError(`Expected suppliers:0,4,7-9 or ubos:0, not ${text}.`);
  const selected = numbers.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number) as [number, number?];
    if (to < from || to - from >= MAX_ROWS)
      throw new InvalidArgumentError(`${range} is not a range of at most ${MAX_ROWS} rows.`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return { list: list as ListName, numbers: selected };
}
