import { CapError, jcs } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { placesOfLines, Project, sampleRows } from '@cap/prover';
import { type ListName } from '@cap/lists';
import { printResult, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';
import { revealWith } from '../frame/reveal.js';
import { type RowSelection } from './rows.js';

interface Options {
  project: string;
  rows?: RowSelection[];
  lines?: RowSelection[];
  out: string;
  identity?: string;
  json?: boolean;
}

export async function disclose(io: CliIo, options: Options): Promise<void> {
  const project = await Project.open(options.project);
  const revealing = await revealWith(io, options.identity);
  const places = new Map<ListName, number[]>();
  const add = (list: ListName, numbers: readonly number[]) =>
    places.set(list, [...(places.get(list) ?? []), ...numbers]);
  for (const { list, numbers } of options.rows ?? []) add(list, numbers);
  for (const { list, numbers } of options.lines ?? [])
    add(list, await placesOfLines(project, list, numbers, revealing.reveal));
  if (places.size === 0) throw new CapError('option.missing', 'name the rows with --rows or --lines');
  const sample = await sampleRows(project, places, rfc3339(io.now()), { threads: io.threads, ...revealing });
  await writeOutput(io, options.out, jcs(sample));
  const opened = sample.segments.map(({ list, rows }) => `${list}: ${rows.length} rows`).join(', ');
  if (options.out !== '-') printResult(io, options, sample, () => `${options.out}  ${opened}`);
  io.err('The file shows these rows in full: give it to nobody but the auditor who asked.\n');
}
