/**
 * A streaming CSV reader (RFC 4180; LF, CRLF and CR end a line; any one-character delimiter). Written here because a
 * person must be able to find each bad row: a record knows the line it starts on, and after a badly quoted field
 * reading goes on with the next line, so that one such row never hides or spoils the others.
 */
export interface CsvRecord {
  /** Line of the record's first character, from 1. A quoted field may span lines. */
  line: number;
  cells: string[];
  /** The record is not CSV: what is wrong, in which field (from 0). */
  fault?: { field: number; message: string };
}

/** A field that grows beyond this many characters most likely lacks its closing quote. */
const MAX_FIELD_CHARACTERS = 65_536;

type State =
  /** Before the first character of a field. */
  | 'field-start'
  | 'unquoted'
  | 'quoted'
  /** After a quote inside a quoted field: its end, or the first half of a doubled quote. */
  | 'quote-in-quoted'
  /** After a fault: skipping to the end of the line. */
  | 'skipping';

export class CsvReader {
  private state: State = 'field-start';
  private line = 1;
  private recordLine = 1;
  private cells: string[] = [];
  private field = '';
  private fault: CsvRecord['fault'];
  private afterCarriageReturn = false;
  private records: CsvRecord[] = [];

  constructor(private readonly delimiter: string) {}

  /** Takes the next piece of text; returns the records that it completed. Empty lines are skipped. */
  push(text: string): CsvRecord[] {
    for (let i = 0; i < text.length; i++) {
      const character = text[i]!;
      if (this.afterCarriageReturn) {
        this.afterCarriageReturn = false;
        if (character === '\n') {
          if (this.state === 'quoted') this.field += character;
          continue; // the second half of CRLF
        }
      }
      this.take(character);
    }
    return this.drain();
  }

  /** The record that the end of the file completes, if any. */
  end(): CsvRecord[] {
    if (this.state === 'quoted') this.fail('the closing quote is missing');
    this.endRecord();
    return this.drain();
  }

  private take(character: string): void {
    const endsLine = character === '\n' || character === '\r';
    this.afterCarriageReturn = character === '\r';
    switch (this.state) {
      case 'field-start':
        if (character === '"') this.state = 'quoted';
        else this.takeUnquoted(character, endsLine);
        break;
      case 'unquoted':
        if (character === '"') this.fail('a quote inside a field that does not start with one');
        else this.takeUnquoted(character, endsLine);
        break;
      case 'quoted':
        if (character === '"') this.state = 'quote-in-quoted';
        else this.append(character);
        break;
      case 'quote-in-quoted':
        if (character === '"') {
          this.append(character);
          this.state = 'quoted';
        } else if (character === this.delimiter) this.endField();
        else if (endsLine) this.endRecord();
        else this.fail('text after the closing quote');
        break;
      case 'skipping':
        if (endsLine) this.endRecord();
        break;
    }
    if (endsLine) {
      this.line++;
      if (this.cells.length === 0 && this.state === 'field-start') this.recordLine = this.line;
    }
  }

  private takeUnquoted(character: string, endsLine: boolean): void {
    if (character === this.delimiter) this.endField();
    else if (endsLine) this.endRecord();
    else {
      this.append(character);
      if (this.state === 'field-start') this.state = 'unquoted';
    }
  }

  private append(character: string): void {
    this.field += character;
    if (this.field.length > MAX_FIELD_CHARACTERS)
      this.fail(`longer than ${MAX_FIELD_CHARACTERS} characters; perhaps the closing quote is missing`);
  }

  private fail(message: string): void {
    this.fault = { field: this.cells.length, message };
    this.state = 'skipping';
  }

  private endField(): void {
    this.cells.push(this.field);
    this.field = '';
    this.state = 'field-start';
  }

  private endRecord(): void {
    const empty =
      this.cells.length === 0 && this.field.trim() === '' && this.state !== 'quote-in-quoted' && !this.fault;
    this.endField();
    if (!empty)
      this.records.push({ line: this.recordLine, cells: this.cells, ...(this.fault && { fault: this.fault }) });
    this.cells = [];
    this.fault = undefined;
  }

  private drain(): CsvRecord[] {
    const { records } = this;
    this.records = [];
    return records;
  }
}
