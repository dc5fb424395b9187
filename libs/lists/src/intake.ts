import { CapError } from '@cap/core';
import { defaultIdScheme } from './schemes.js';
import { withoutInvisible } from './invisible.js';
import { CsvReader, type CsvRecord } from './csv.js';
import { isEncoding, ListDecoder } from './decoder.js';
import { listInvalid, type ListFault } from './faults.js';
import { readCell } from './cells.js';
import {
  SUPPLIER_FIELDS,
  UBO_FIELDS,
  type FieldSpecs,
  type IdScheme,
  type ListName,
  type ListRow,
  type RowOf,
  type SupplierRow,
  type UboRow,
} from './fields.js';
import { HEAD_CHARACTERS, headerKey, headerRemedy, WantedColumns } from './header.js';
import { duplicates } from './duplicates.js';

export interface IntakeOptions {
  /** The file's name, for messages. */
  file: string;
  /** One character; default a comma. */
  delimiter?: string;
  /** Default utf-8; any name that iconv knows, such as windows-1252. A byte order mark in the file goes before it. */
  encoding?: string;
  /** The header that stands for a field, where it is not the field's own name. */
  columns?: Readonly<Record<string, string>>;
  /** How rows of a committed list are told apart; by default defaultIdScheme. */
  idScheme?: IdScheme;
  /** Skip what can't be used instead of refusing the list. Not for lists that are committed to. */
  leaveOutBad?: boolean;
  /** Remove invisible characters from names and ids, instead of refusing them. */
  clean?: boolean;
}

export interface Intake<Row> {
  rows: Row[];
  /** Line of each row in the file. */
  lines: number[];
  /** Columns that are not fields of the list, and so were ignored. */
  ignoredColumns: string[];
  /** With `leaveOutBad`: rows that were left out, and optional cells that were left empty. */
  leftOut: ListFault[];
  /** With `clean`: cells that lost a character. */
  cleaned: number;
}

type ListSource = Uint8Array | AsyncIterable<Uint8Array>;

/** Reads suppliers.csv. Throws CapError `list.invalid` whose details are all ListFaults of the file, duplicates too. */
export const readSuppliers = async (source: ListSource, options: IntakeOptions): Promise<Intake<SupplierRow>> =>
  readList('suppliers', new TableReader(SUPPLIER_FIELDS, options, 'suppliers'), source, options);

/** Reads ubos.csv; as readSuppliers. */
export const readUbos = async (source: ListSource, options: IntakeOptions): Promise<Intake<UboRow>> =>
  readList('ubos', new TableReader(UBO_FIELDS, options, 'ubos'), source, options);

async function readList<F extends FieldSpecs>(
  list: ListName,
  table: TableReader<F>,
  source: ListSource,
  options: IntakeOptions,
): Promise<Intake<RowOf<F>>> {
  if (source instanceof Uint8Array) table.push(source);
  else for await (const chunk of source) table.push(chunk);
  const { intake, faults, partialRows } = table.finish();
  // Duplicates are reported along with everything else, as far as they can be told, so that the list can be fixed in one go.
  const rows = [...intake.rows.map((row, i) => ({ row, line: intake.lines[i]! })), ...partialRows]
    .sort((a, b) => a.line - b.line)
    .map(({ row, line }) => ({ row: row as Partial<ListRow>, line }));
  faults.push(...duplicates(rows, options.idScheme ?? defaultIdScheme(list), options.file));
  if (faults.length > 0) throw listInvalid(faults.sort((a, b) => a.line - b.line));
  return intake;
}

type Cells = Record<string, string | number | boolean>;

/** The result of reading a table, good and bad rows. */
interface TableReading<Row> {
  intake: Intake<Row>;
  faults: ListFault[];
  /** The cells that could be read of rows that can't be used. */
  partialRows: { row: Cells; line: number }[];
}

/** File types that are not text, by their first bytes, and what to do about each. */
const OTHER_FORMATS: readonly [signature: Buffer, words: string][] = [
  [
    Buffer.from('PK\u0003\u0004'),
    'this is a workbook (XLSX or ODS), not a CSV file: save the sheet as "CSV UTF-8" and pass that file',
  ],
  [
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    'this is an old Excel workbook (XLS), not a CSV file: save the sheet as "CSV UTF-8" and pass that file',
  ],
  [Buffer.from('%PDF-'), 'this is a PDF, not a CSV file: ask for the list as CSV'],
  [Buffer.from('1f8b', 'hex'), 'this file is compressed (gzip): unpack it and pass the CSV file'],
];
const LONGEST_SIGNATURE = 8;

/** What a row of a list is, for messages. */
const ROW_OF = { suppliers: 'a supplier', ubos: 'a UBO' } as const satisfies Record<ListName, string>;

/** What a decoder outputs for bytes that are invalid in the encoding. */
const UNDECODED = '\uFFFD';

function refuseOtherFormats(beginning: Buffer, file: string): void {
  const [, words] =
    OTHER_FORMATS.find(([signature]) => beginning.subarray(0, signature.length).equals(signature)) ?? [];
  if (words !== undefined) throw listInvalid([{ file, line: 1, column: null, message: words }]);
}

/** Turns the bytes of a CSV file with a header row into typed rows, piece by piece. */
export class TableReader<F extends FieldSpecs> {
  #beginning = Buffer.alloc(0);
  private readonly csv: CsvReader;
  private readonly text: ListDecoder;
  readonly #wanted: WantedColumns;
  /** The beginning of the text, to say what is wrong with the header row. */
  #head = '';
  /** The first record, if it can't be used as a header row, and what it lacks. */
  #badHeader: { line: number; faults: ListFault[] } | undefined;
  private columns: (string | null)[] | undefined;
  private headers: string[] = [];
  private readonly faults: ListFault[] = [];
  private readonly partialRows: TableReading<RowOf<F>>['partialRows'] = [];
  private readonly intake: Intake<RowOf<F>> = {
    rows: [],
    lines: [],
    ignoredColumns: [],
    leftOut: [],
    cleaned: 0,
  };

  constructor(
    private readonly fields: F,
    private readonly options: IntakeOptions,
    /** The list of a project that it is, for messages; null for a reference list. */
    private readonly list: ListName | null = null,
  ) {
    const { delimiter = ',', encoding = 'utf-8', columns = {} } = options;
    const refuse = (why: string): never => {
      throw new CapError('list.options', `${options.file}: ${why}`);
    };
    if (delimiter.length !== 1 || /["\r\n]/.test(delimiter))
      refuse(`the delimiter must be one character, not ${JSON.stringify(delimiter)}`);
    if (!isEncoding(encoding)) refuse(`unknown encoding ${encoding}`);
    const unknown = Object.keys(columns).find((field) => !Object.hasOwn(fields, field));
    if (unknown !== undefined) refuse(`no field is named ${unknown}; there are ${Object.keys(fields).join(', ')}`);
    const headers = Object.values(columns).map(headerKey);
    if (new Set(headers).size < headers.length) refuse('one column is mapped to two fields');
    this.#wanted = new WantedColumns(fields, columns);
    this.csv = new CsvReader(delimiter);
    this.text = new ListDecoder(encoding);
  }

  push(bytes: Uint8Array): void {
    if (this.#beginning.length < LONGEST_SIGNATURE) {
      this.#beginning = Buffer.concat([this.#beginning, bytes.subarray(0, LONGEST_SIGNATURE)]);
      refuseOtherFormats(this.#beginning, this.options.file);
    }
    this.takeText(this.text.write(bytes));
  }

  /** All rows, or CapError `list.invalid` with every fault that was found. */
  end(): Intake<RowOf<F>> {
    const { intake, faults } = this.finish();
    if (faults.length > 0) throw listInvalid(faults);
    return intake;
  }

  /** Everything that was found. */
  finish(): TableReading<RowOf<F>> {
    this.takeText(this.text.end());
    this.take(this.csv.end());
    this.judgeHeader();
    if (this.text.isUtf8AfterAll) this.fault(1, null, this.utf8Fault());
    if (!this.columns) this.fault(1, null, 'the file is empty; expected a header row');
    return { intake: this.intake, faults: this.faults, partialRows: this.partialRows };
  }

  private takeText(text: string): void {
    if (this.#head.length < HEAD_CHARACTERS) this.#head += text.slice(0, HEAD_CHARACTERS - this.#head.length);
    this.take(this.csv.push(text));
  }

  private take(records: CsvRecord[]): void {
    for (const record of records) {
      if (!this.columns) this.takeHeader(record);
      // Without a usable header row, faults of the rows below mean nothing.
      else if (this.columns.some((column) => column !== null)) this.takeRow(record, this.columns);
    }
  }

  private takeHeader({ line, cells, fault }: CsvRecord): void {
    const { file } = this.options;
    this.headers = cells.map((cell) => cell.trim());
    this.columns = fault ? [] : this.#wanted.fieldsOf(this.headers);
    this.intake.ignoredColumns = this.headers.filter((_, i) => this.columns![i] === null);
    for (const { header } of this.#wanted.doubled(this.headers)) this.fault(line, header, 'duplicate column');
    const faults = fault
      ? [{ file, line, column: null, message: `header row: ${fault.message}` }]
      : this.#wanted.missing(this.headers).map(({ field, header, named }): ListFault => {
          const remedy = named ? '' : `; if another column is meant: --columns ${field}=HEADER`;
          const message = `expected this column, the header row has ${this.headers.join(', ')}${remedy}`;
          return { file, line, column: header, message };
        });
    if (faults.length > 0) this.#badHeader = { line, faults };
  }

  /** Called once the file's beginning is known: a fault in the header row either explains all others, or is reported along with them. */
  private judgeHeader(): void {
    if (!this.#badHeader) return;
    const { line, faults } = this.#badHeader;
    const undecoded = this.headers.some((header) => header.includes(UNDECODED));
    const { delimiter = ',' } = this.options;
    const message = undecoded ? this.encodingFault() : headerRemedy(this.#head, delimiter, this.#wanted, this.list);
    if (message === null) return void this.faults.unshift(...faults);
    for (const follow of [this.faults, this.partialRows, this.intake.rows, this.intake.lines]) follow.length = 0;
    this.fault(line, null, message);
  }

  private utf8Fault(): string {
    const { encoding } = this.text;
    const other = this.list === 'suppliers' ? 'ubos' : 'suppliers';
    const alone = this.list === null ? '' : `, or pass it as ${other}=${encoding} for the other file alone`;
    return `this file is UTF-8, not ${encoding}: omit --encoding${alone}`;
  }

  private encodingFault(): string {
    return (
      `holds bytes that are not ${this.text.encoding}: pass --encoding windows-1252 (from Excel), --encoding cp850 (from DOS) ` +
      'or the encoding the file is in'
    );
  }

  private takeRow({ line, cells, fault }: CsvRecord, columns: (string | null)[]): void {
    if (fault) return this.bad(line, this.headers[fault.field] ?? null, fault.message);
    if (cells.every((cell) => cell.trim() === '')) return this.bad(line, null, 'an empty row: delete it');
    if (cells.length !== columns.length)
      return this.bad(line, null, `expected ${columns.length} fields as in the header row, found ${cells.length}`);
    const row: Cells = {};
    let usable = true;
    let remedy = this.options.leaveOutBad
      ? ''
      : `; delete the row if it isn't ${this.list === null ? 'an entry' : ROW_OF[this.list]}`;
    columns.forEach((field, i) => {
      if (field === null) return;
      const cell = cells[i]!;
      const { kind, required } = this.fields[field]!;
      const text = this.options.clean && kind === 'text' ? withoutInvisible(cell) : cell;
      if (text !== cell) this.intake.cleaned++;
      if (text.trim() === '' && !required) return;
      const read = text.includes(UNDECODED) ? { fault: this.encodingFault() } : readCell(kind, text);
      if (!('fault' in read)) return void (row[field] = read.value);
      // Probably a total or a heading between the rows, since it lacks what every row has.
      const lacks = text.trim() === '';
      this.bad(line, this.headers[i]!, `${read.fault}${lacks ? remedy : ''}`);
      if (lacks) remedy = '';
      if (required || !this.options.leaveOutBad) usable = false;
    });
    if (!usable) return void this.partialRows.push({ row, line });
    this.intake.rows.push(row as RowOf<F>); // with a value of its kind for every field that is required
    this.intake.lines.push(line);
  }

  private bad(line: number, column: string | null, message: string): void {
    if (this.options.leaveOutBad) this.intake.leftOut.push({ file: this.options.file, line, column, message });
    else this.fault(line, column, message);
  }

  private fault(line: number, column: string | null, message: string): void {
    this.faults.push({ file: this.options.file, line, column, message });
  }
}
