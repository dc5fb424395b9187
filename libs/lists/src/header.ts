import { CsvReader, type CsvRecord } from './csv.js';
import type { FieldSpecs, ListName } from './fields.js';

/** Headers are compared without regard to case and surrounding white space. */
export const headerKey = (header: string): string => header.normalize('NFC').trim().toLowerCase();

/** The header that stands for a field, as the user wrote it. */
interface WantedColumn {
  field: string;
  header: string;
  /** The user named the header; otherwise it is the field's own name. */
  named: boolean;
  /** Required: the list can't be read without it. */
  needed: boolean;
}

/** A column to look for in a table's header row. */
export class WantedColumns {
  readonly #byKey: ReadonlyMap<string, WantedColumn>;

  constructor(fields: FieldSpecs, named: Readonly<Record<string, string>>) {
    const column = (field: string): WantedColumn => ({
      field,
      header: named[field] ?? field,
      named: named[field] !== undefined,
      needed: named[field] !== undefined || fields[field]!.required,
    });
    // A column that was named for a field counts before one that merely has another field's name.
    const columns = Object.keys(fields).map(column);
    const inOrder = [...columns.filter((each) => !each.named), ...columns.filter((each) => each.named)];
    this.#byKey = new Map(inOrder.map((each) => [headerKey(each.header), each]));
  }

  /** The field of each column; null for one that is not wanted. */
  fieldsOf(headers: readonly string[]): (string | null)[] {
    return headers.map((header) => this.#byKey.get(headerKey(header))?.field ?? null);
  }

  missing(headers: readonly string[]): WantedColumn[] {
    const found = new Set(this.fieldsOf(headers));
    return [...this.#byKey.values()].filter(({ field, needed }) => needed && !found.has(field));
  }

  doubled(headers: readonly string[]): WantedColumn[] {
    const found = this.fieldsOf(headers);
    return [...this.#byKey.values()].filter(({ field }) => found.filter((each) => each === field).length > 1);
  }
}

/** How far to look for a header row, in records and in characters. */
const MAX_RECORDS = 20;
export const HEAD_CHARACTERS = 65_536;

const DELIMITERS = [';', ',', '\t', '|'];

const quoted = (delimiter: string): string => (delimiter === '\t' ? 'a tab' : `"${delimiter}"`);

/** `pass --delimiter ';'`; a list of a project has another beside it, which may well have another delimiter. */
function passDelimiter(delimiter: string, list: ListName | null): string {
  const value = delimiter === '\t' ? 'tab' : `'${delimiter}'`;
  const alone = list === null ? '' : `, or --delimiter ${list}=${value} for this file alone`;
  return `pass --delimiter ${value}${alone}`;
}

const lines = (count: number): string => (count === 1 ? 'the line' : `the ${count} lines`);

/**
 * Why the first line of a file can't be used as its header row, and the remedy, as far as the file's beginning shows;
 * null if it does not: then some columns are missing, and that is all.
 */
export function headerRemedy(
  head: string,
  delimiter: string,
  wanted: WantedColumns,
  list: ListName | null,
): string | null {
  const separator = /^\s*"?sep=([^\r\n])"?[;,\t|]*(?=[\r\n]|$)/i.exec(head);
  if (separator) {
    const other = separator[1] === delimiter ? '' : `, and ${passDelimiter(separator[1]!, list)}`;
    return `the first line is "sep=${separator[1]}", a spreadsheet hint, not a header row: remove that line${other}`;
  }
  if (head.includes('\0'))
    return `this file looks like UTF-16: pass --encoding ${head.startsWith('\0') ? 'utf-16be' : 'utf-16le'}`;
  for (const candidate of [delimiter, ...DELIMITERS.filter((each) => each !== delimiter)]) {
    const header = recordsOf(head, candidate).find(({ cells }) => wanted.missing(cells).length === 0);
    if (!header) continue;
    const other =
      candidate === delimiter
        ? []
        : [
            `the fields are separated by ${quoted(candidate)}, not by ${quoted(delimiter)}: ${passDelimiter(candidate, list)}`,
          ];
    const before = header.line - 1;
    const late =
      before === 0
        ? []
        : [`the header row is not the first line, but line ${header.line}: take out ${lines(before)} before it`];
    return [...late, ...other].join('; ') || null;
  }
  return withoutTheWanted(recordsOf(head, delimiter), head, delimiter, list);
}

/** No line has the wanted headers: by its shape a file still shows that it has another delimiter, or a title. */
function withoutTheWanted(
  records: readonly CsvRecord[],
  head: string,
  delimiter: string,
  list: ListName | null,
): string | null {
  const [first] = records;
  if (!first) return null;
  const other = DELIMITERS.find(
    (each) => each !== delimiter && first.cells.length === 1 && (recordsOf(head, each)[0]?.cells.length ?? 0) > 1,
  );
  if (other !== undefined) {
    const found = recordsOf(head, other)[0]!.cells.join(', ');
    return (
      `the fields look separated by ${quoted(other)}, not by ${quoted(delimiter)}: ${passDelimiter(other, list)}, and name the ` +
      `columns that have other headers with --columns FIELD=HEADER; the first line has ${found}`
    );
  }
  const widest = records.reduce((most, record) => (filled(record) > filled(most) ? record : most));
  // A title takes one or two cells, with columns below it.
  if (first.fault || filled(first) > 2 || filled(widest) < 3 || filled(widest) <= filled(first)) return null;
  return (
    `this does not look like the header row; if line ${widest.line} is it, take out ${lines(widest.line - 1)} before it, and ` +
    'name the columns that have other headers with --columns FIELD=HEADER'
  );
}

const filled = ({ cells }: CsvRecord): number => cells.filter((cell) => cell.trim() !== '').length;

const recordsOf = (head: string, delimiter: string): CsvRecord[] => {
  const reader = new CsvReader(delimiter);
  return [...reader.push(head), ...reader.end()].slice(0, MAX_RECORDS);
};
