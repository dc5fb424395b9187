import { CapError } from '@cap/core';
import { REFERENCE_FIELDS, TableReader, type ReferenceListKind } from '@cap/lists';
import { parseColumns } from '../frame/columns.js';
import { csvCell } from '../frame/csv-cell.js';
import { inputName, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';
import { summarise, unmatchableWords } from './reference-list.js';

interface Options {
  kind: ReferenceListKind;
  delimiter: string;
  encoding: string;
  columns?: string;
  leaveOutBad?: boolean;
  allowLoss: number;
  out: string;
  json?: boolean;
}

/** Brings a CSV of another shape into the one form of a reference list: our columns, commas, UTF-8, LF. */
export async function importList(io: CliIo, options: Options, file: string): Promise<void> {
  const fields = REFERENCE_FIELDS[options.kind];
  const table = new TableReader(fields, {
    file: inputName(file),
    delimiter: options.delimiter,
    encoding: options.encoding,
    columns: Object.fromEntries(parseColumns(options.columns)),
    ...(options.leaveOutBad ? { leaveOutBad: true } : {}),
    // An entry that nobody could type as it stands would match nothing.
    clean: true,
  });
  table.push(await readInput(io, file));
  const { rows, lines: keptLines, ignoredColumns, leftOut, cleaned } = table.end();
  const columns = Object.entries(fields)
    .filter(([name, { required }]) => required || rows.some((row) => row[name] !== undefined))
    .map(([name]) => name);
  const lines = [columns, ...rows.map((row) => columns.map((name) => String(row[name] ?? '')))];
  const bytes = Buffer.from(lines.map((cells) => `${cells.map(csvCell).join(',')}\n`).join(''), 'utf8');

  if (ignoredColumns.length > 0) io.err(`not read: ${ignoredColumns.join(', ')}\n`);
  if (cleaned > 0) io.err(`invisible or unassigned characters taken out of ${cleaned} cells\n`);
  const kept = new Set(keptLines);
  for (const { file: name, line, column, message } of leftOut) {
    const what = kept.has(line) ? 'cell left empty' : 'row left out';
    io.err(`${what}: ${name}:${line}${column === null ? '' : `: ${column}`}: ${message}\n`);
  }
  const rows_left_out = new Set(leftOut.map(({ line }) => line).filter((line) => !kept.has(line))).size;
  const summary = summarise(options.kind, bytes, inputName(file));
  const loss = (100 * rows_left_out) / (rows_left_out + rows.length);
  if (loss > options.allowLoss)
    throw new CapError(
      'list.loss',
      `${rows_left_out} of ${rows_left_out + rows.length} rows were left out (${loss.toFixed(1)} %), ${options.allowLoss} % ` +
        `may be; look at them, and name what is right to lose: --allow-loss ${Math.ceil(loss)}%`,
    );
  await writeOutput(io, options.out, bytes, { exclusive: true });
  const cells_left_empty = leftOut.filter(({ line }) => kept.has(line)).length;
  io.err(unmatchableWords(summary));
  // The list itself is on stdout: nothing else may be.
  if (options.out === '-')
    return io.err(
      `${summary.entries} entries, ${summary.hash}; ${rows_left_out} rows left out, ${cells_left_empty} cells left empty\n`,
    );
  printResult(
    io,
    options,
    { file: options.out, ...summary, rows_left_out, cells_left_empty, cells_cleaned: cleaned },
    () => `${options.out}  ${summary.entries} entries  ${summary.hash}`,
  );
}
