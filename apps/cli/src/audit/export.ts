import { Option } from '@commander-js/extra-typings';
import { CapError, jcsText } from '@cap/core';
import type { ChainEvent } from '@cap/tlog';
import { spreadsheetLine } from '../csv.js';
import { printResult } from '../io.js';
import { writeOutput } from '../output.js';
import { entryFilterOptions } from '../registry/entry-filter.js';
import { type BareCommand, verb } from '../verb.js';
import { checkLog } from './audit-log.js';
import { canonical } from './export-format.js';
import { exportRegistry } from './registry-export.js';

const syntax = (command: BareCommand) =>
  entryFilterOptions(command)
    .argument('[file]')
    .option('--project <dir>', "the project's audit.jsonl")
    .addOption(
      new Option('--format <name>', 'jsonl, which cap audit verify reads, or csv for a spreadsheet')
        .choices(['jsonl', 'csv'])
        .default('jsonl'),
    )
    .option('--out <file>', 'where it is written; for a registry: FILE.zip, or a directory', '-')
    .option('--mask', 'companies and signers only as salted digests')
    .option('--key <kid>', 'signs the export of a registry; a key with the usage audit')
    .option('--keys <dir>', 'where the key is (default: keys)');

/** Copies the events of an audit log once its chain is verified (CapError `audit.fault`), or exports a registry. */
export default verb({
  examples: [
    'cap audit export --project project --format csv --out audit.csv',
    'cap audit export audit.jsonl',
    'cap audit export --url http://127.0.0.1:8081 --from 2026-01-01T00:00:00Z --mask --key KID --out export.zip',
  ],
  syntax,
  run: async (io, options, file) => {
    if (options.url !== undefined || options.dataDir !== undefined) return exportRegistry(io, options);
    const { name, events, fault } = await checkLog(io, options.project, file);
    if (fault !== null) throw new CapError('audit.fault', fault);
    await writeOutput(io, options.out, FORMATS[options.format](events).join(''), { mode: 0o600 });
    const tail_digest = events.at(-1)?.digest ?? null;
    // The events themselves are on stdout: nothing else may be.
    if (options.out === '-') return io.err(`${events.length} events, tail ${tail_digest ?? 'none'}\n`);
    printResult(
      io,
      options,
      { file: options.out, from: name, events: events.length, tail_digest },
      () => `${options.out}  ${events.length} events  ${tail_digest ?? 'none'}`,
    );
  },
});

const FORMATS = {
  jsonl: (events: readonly ChainEvent[]) => events.map((event) => `${canonical(event)}\n`),
  csv: (events: readonly ChainEvent[]) =>
    [
      ['seq', 'ts', 'event', 'details', 'digest'],
      ...events.map(({ seq, ts, event, details, digest }) => [`${seq}`, ts, event, jcsText(details), digest]),
    ].map(spreadsheetLine),
};
