import { CapError } from '@cap/crypto';
import { defaultIdScheme, withoutUnseen, type IdScheme } from '@cap/policy';
import { CsvReader, type CsvRecord } from './csv.js';
import { isEncoding, ListDecoder } from './decoder.js';
import { listInvalid, type ListFault } from './faults.js';
import { LIST_FIELDS, readCell, type FieldSpecs } from './fields.js';
import { duplicates } from './identifiers.js';
import { type ListName, type ListRow, type SupplierRow, type UboRow } from './rows.js';

export interface IntakeOptions {
  /** The file's name, for messages. */
  file: string;
  /** One character; default a comma. */
  delimiter?: string;
  /** Default utf-8; any name that iconv knows, such as windows-1252. A byte order mark in the file goes before it. */
  encoding?: string;
  /** The header that stands for a field, where it is not the field's own name. */
  columns?: Readonly<Record<string, string>>;
  /** What a committed list's rows are told apart by; default as defaultIdScheme. */
  idScheme?: IdScheme;
  /** Leave out what can't be used and go on, instead of refusing the list. Not for lists that are committed to. */
  leaveOutBad?: boolean;
  /** Take out the characters of names and ids that nobody sees, instead of refusing them. */
  clean?: boolean;
}

export interface Intake<Row> {
  rows: Row[];
  /** Line of each row in the file. */
  lines: number[];
  /** Headers that are no field of the list and were not read. */
  ignoredColumns: string[];
  /** With `leaveOutBad`: rows that were left out, and optional cells that were left empty. */
  leftOut: ListFault[];
  /** With `clean`: cells that lost a character. */
  cleaned: number;
}

export type ListSource = Uint8Array | AsyncIterable<Uint8Array>;

/** Reads suppliers.csv. Throws CapError `input` / `list.invalid` whose details are all ListFaults of the file, duplicates too. */
export const readSuppliers = (source: ListSource, options: IntakeOptions): Promise<Intake<SupplierRow>> =>
  readList<SupplierRow>('suppliers', source, options);

/** Reads ubos.csv; as readSuppliers. */
export const readUbos = (source: ListSource, options: IntakeOptions): Promise<Intake<UboRow>> =>
  readList<UboRow>('ubos', source, options);

async function readList<Row extends ListRow>(
  list: ListName,
  source: ListSource,
  options: IntakeOptions,
): Promise<Intake<Row>> {
  const table = new TableReader(LIST_FIELDS[list], options);
  if (source instanceof Uint8Array) table.push(source);
  else for await (const chunk of source) table.push(chunk);
  const { intake, faults, halfRead } = table.finish();
  // Duplicates are said along with what else is wrong, as far as they can be told: a list is mended once.
  const rows = [...intake.rows.map((row, i) => ({ row, line: intake.lines[i]! })), ...halfRead]
    .sort((a, b) => a.line - b.line)
    .map(({ row, line }) => ({ row: row as Partial<ListRow>, line }));
  faults.push(...duplicates(rows, options.idScheme ?? defaultIdScheme(list), options.file));
  if (faults.length > 0) throw listInvalid(faults.sort((a, b) => a.line - b.line));
  return intake as Intake<unknown> as Intake<Row>;
}

type TableRow = Record<string, string | number | boolean>;

/** What a table came to, good and bad. */
interface TableReading {
  intake: Intake<TableRow>;
  faults: ListFault[];
  /** The cells that could be read of rows that can't be used. */
  halfRead: { row: TableRow; line: number }[];
}

/** Files that are no text, by their first bytes, and what to do about each. */
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

function refuseOtherFormats(beginning: Buffer, file: string): void {
  const [, words] =
    OTHER_FORMATS.find(([signature]) => beginning.subarray(0, signature.length).equals(signature)) ?? [];
  if (words !== undefined) throw listInvalid([{ file, line: 1, column: null, message: words }]);
}

/** Headers are compared without regard to case and surrounding white space. */
const headerKey = (header: string): string => header.normalize('NFC').trim().toLowerCase();

/** Turns the bytes of a CSV file with a header row into typed rows, piece by piece. */
export class TableReader {
  #beginning = Buffer.alloc(0);
  private readonly csv: CsvReader;
  private readonly text: ListDecoder;
  private columns: (string | null)[] | undefined;
  private headers: string[] = [];
  private readonly faults: ListFault[] = [];
  private readonly halfRead: TableReading['halfRead'] = [];
  private readonly intake: Intake<TableRow> = {
    rows: [],
    lines: [],
    ignoredColumns: [],
    leftOut: [],
    cleaned: 0,
  };

  constructor(
    private readonly fields: FieldSpecs,
    private readonly options: IntakeOptions,
  ) {
    const { delimiter = ',', encoding = 'utf-8', columns = {} } = options;
    const refuse = (why: string): never => {
      throw new CapError('usage', 'list.options', `${options.file}: ${why}`);
    };
    if (delimiter.length !== 1 || /["\r\n]/.test(delimiter))
      refuse(`the delimiter must be one character, not ${JSON.stringify(delimiter)}`);
    if (!isEncoding(encoding)) refuse(`unknown encoding ${encoding}`);
    const unknown = Object.keys(columns).find((field) => !Object.hasOwn(fields, field));
    if (unknown !== undefined) refuse(`no field is named ${unknown}; there are ${Object.keys(fields).join(', ')}`);
    const headers = Object.values(columns).map(headerKey);
    if (new Set(headers).size < headers.length) refuse('one column is named for two fields');
    this.csv = new CsvReader(delimiter);
    this.text = new ListDecoder(encoding);
  }

  push(bytes: Uint8Array): void {
    if (this.#beginning.length < LONGEST_SIGNATURE) {
      this.#beginning = Buffer.concat([this.#beginning, bytes.subarray(0, LONGEST_SIGNATURE)]);
      refuseOtherFormats(this.#beginning, this.options.file);
    }
    this.take(this.csv.push(this.text.write(bytes)));
  }

  /** All rows, or CapError `list.invalid` with every fault that was found. */
  end(): Intake<TableRow> {
    const { intake, faults } = this.finish();
    if (faults.length > 0) throw listInvalid(faults);
    return intake;
  }

  /** All that was found. */
  finish(): TableReading {
    this.take(this.csv.push(this.text.end()));
    this.take(this.csv.end());
    if (this.text.isUtf8AfterAll)
      this.fault(1, null, `this file is UTF-8, not ${this.text.encoding}: leave --encoding out`);
    if (!this.columns) this.fault(1, null, 'expected a header row, the file is empty');
    return { intake: this.intake, faults: this.faults, halfRead: this.halfRead };
  }

  private take(records: CsvRecord[]): void {
    for (const record of records) {
      if (!this.columns) this.takeHeader(record);
      else this.takeRow(record, this.columns);
    }
  }

  private takeHeader({ line, cells, fault }: CsvRecord): void {
    this.headers = cells.map((cell) => cell.trim());
    if (fault) this.fault(line, null, `header row: ${fault.message}`);
    const named = this.options.columns ?? {};
    // A column that was named for a field counts before one that merely has another field's name.
    const wanted = new Map([
      ...Object.keys(this.fields).flatMap((field) =>
        named[field] === undefined ? [[headerKey(field), field] as const] : [],
      ),
      ...Object.entries(named).map(([field, header]) => [headerKey(header), field] as const),
    ]);
    this.columns = this.headers.map((header) => wanted.get(headerKey(header)) ?? null);
    this.intake.ignoredColumns = this.headers.filter((_, i) => this.columns![i] === null);
    for (const [header, field] of wanted) {
      const times = this.columns.filter((column) => column === field).length;
      const mapped = named[field] !== undefined;
      if (times === 0 && (this.fields[field]!.required || mapped))
        this.fault(
          line,
          header,
          `expected this column, the header row has ${this.headers.join(', ')}${this.delimiterHint()}`,
        );
      if (times > 1) this.fault(line, header, 'this column stands there more than once');
    }
  }

  private delimiterHint(): string {
    const other = [';', '\t', ',', '|'].find(
      (character) => this.headers.length === 1 && this.headers[0]!.includes(character),
    );
    return other === undefined ? '' : ` (is the delimiter ${JSON.stringify(other)}?)`;
  }

  private takeRow({ line, cells, fault }: CsvRecord, columns: (string | null)[]): void {
    if (fault) return this.bad(line, this.headers[fault.field] ?? null, fault.message);
    if (cells.length !== columns.length)
      return this.bad(line, null, `expected ${columns.length} fields as in the header row, found ${cells.length}`);
    const row: TableRow = {};
    let usable = true;
    columns.forEach((field, i) => {
      if (field === null) return;
      const cell = cells[i]!;
      const { kind, required } = this.fields[field]!;
      const text = this.options.clean && kind === 'text' ? withoutUnseen(cell) : cell;
      if (text !== cell) this.intake.cleaned++;
      if (text.trim() === '' && !required) return;
      const read = text.includes('\uFFFD')
        ? { fault: `holds bytes that are not ${this.text.encoding}` }
        : readCell(kind, text);
      if (!('fault' in read)) return void (row[field] = read.value);
      this.bad(line, this.headers[i]!, read.fault);
      if (required || !this.options.leaveOutBad) usable = false;
    });
    if (!usable) return void this.halfRead.push({ row, line });
    this.intake.rows.push(row);
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
