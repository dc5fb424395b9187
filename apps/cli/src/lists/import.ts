import { CapError } from '@cap/core';
import { REFERENCE_FIELDS } from '@cap/lists/reference-lists';
import { TableReader } from '@cap/lists/intake';
import { csvLine, parseColumns } from '../csv.js';
import { inputName, readInput } from '../input.js';
import { printResult } from '../io.js';
import { delimiter, percent } from '../options.js';
import { writeOutput } from '../output.js';
import { verb } from '../verb.js';
import { listKind, summarise, unmatchableWords } from './reference-list.js';

/** Converts a CSV of another shape into the one form of a reference list: our columns, commas, UTF-8, LF. */
export default verb({
  examples: [
    'cap lists import official.csv --kind sanctions --delimiter ";" --columns name=WholeName,birthdate=DoB \\',
    '    --out sanctions.csv',
  ],
  syntax: (command) =>
    command
      .argument('<file>')
      .addOption(listKind('what it is').makeOptionMandatory())
      .option('--delimiter <char>', 'field separator, one character or the word tab', delimiter, ',')
      .option('--encoding <name>', 'of the file', 'utf-8')
      .option('--columns <map>', 'FIELD=HEADER,…')
      .option('--leave-out-bad', 'leave out unusable rows, leave malformed optional cells empty, and report each')
      .option(
        '--allow-loss <percent>',
        'with --leave-out-bad: the share of rows that may be left out, such as 60%; exit 2 if it is more',
        percent,
        1,
      )
      .option('--out <file>', 'the reference list', '-'),
  run: async (io, options, file) => {
    const fields = REFERENCE_FIELDS[options.kind];
    const reader = new TableReader(fields, {
      file: inputName(file),
      delimiter: options.delimiter,
      encoding: options.encoding,
      columns: Object.fromEntries(parseColumns(options.columns)),
      ...(options.leaveOutBad ? { leaveOutBad: true } : {}),
      // An entry with characters that nobody can see would match nothing.
      clean: true,
    });
    reader.push(await readInput(io, file));
    const { rows, lines: keptLines, ignoredColumns, leftOut, cleaned } = reader.end();
    const columns = Object.entries(fields)
      .filter(([name, { required }]) => required || rows.some((row) => row[name] !== undefined))
      .map(([name]) => name);
    const table = [columns, ...rows.map((row) => columns.map((name) => String(row[name] ?? '')))];
    const bytes = Buffer.from(table.map(csvLine).join(''), 'utf8');

    if (ignoredColumns.length > 0) io.err(`columns ignored: ${ignoredColumns.join(', ')}\n`);
    if (cleaned > 0) io.err(`removed invisible or unassigned characters from ${cleaned} cells\n`);
    const kept = new Set(keptLines);
    for (const { file: name, line, column, message } of leftOut) {
      const what = kept.has(line) ? 'cell left empty' : 'row left out';
      io.err(`${what}: ${name}:${line}${column === null ? '' : `: ${column}`}: ${message}\n`);
    }
    const rows_left_out = new Set(leftOut.map(({ line }) => line).filter((line) => !kept.has(line))).size;
    const summary = summarise(options.kind, bytes, inputName(file));
    const total = rows_left_out + rows.length;
    const loss = (100 * rows_left_out) / total;
    if (loss > options.allowLoss)
      throw new CapError(
        'list.loss',
        `${rows_left_out} of ${total} rows were left out (${loss.toFixed(1)} %), but only ${options.allowLoss} % are allowed; ` +
          `look at them, and if they may be lost: --allow-loss ${Math.ceil(loss)}%`,
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
  },
});
