import { describe, expect, it } from '@jest/globals';
import iconv from 'iconv-lite';
import { isCapError } from '@cap/core';
import type { ListFault } from './faults.js';
import { SANCTIONS_FIELDS } from './fields.js';
import { readSuppliers, readUbos, type IntakeOptions, TableReader } from './intake.js';
import { ReferenceList } from './reference.js';

/** The faults of a supplier list, as `line column: message`. */
async function faultsOf(text: string | Buffer, options: Partial<IntakeOptions> = {}): Promise<string[]> {
  const reading = readSuppliers(Buffer.from(text), { file: 's.csv', ...options });
  const error: unknown = await reading.then(
    () => new Error('read without a fault'),
    (refused: unknown) => refused,
  );
  if (!isCapError(error) || error.code !== 'list.invalid') throw error;
  return (error.details as ListFault[]).map(({ line, column, message }) => `${line} ${column}: ${message}`);
}

const COLUMNS = { name: 'Name 1', jurisdiction: 'Land', tier: 'Stufe' };
const german = { delimiter: ';', columns: COLUMNS };
const TABLE = 'Kreditor;Name 1;Land;Stufe\n1;A;DE;WAHR\n2;A;DE;1\n;;;\n';

describe('a header row that lacks columns', () => {
  it('names them as they were written, and the bad rows beside them', async () => {
    expect(await faultsOf('name,Tier\nA,0\n')).toEqual([
      '1 jurisdiction: expected this column, the header row has name, Tier; if another column is meant: --columns jurisdiction=HEADER',
      '2 Tier: expected a positive integer, found "0"',
    ]);
    expect(await faultsOf('name,jurisdiction,tier\n', { columns: { id: 'LEI Code' } })).toEqual([
      '1 LEI Code: expected this column, the header row has name, jurisdiction, tier',
    ]);
    expect(await faultsOf('name,Firm Name,firm name,jurisdiction,tier\n', { columns: { name: 'FIRM Name' } })).toEqual([
      '1 FIRM Name: duplicate column',
    ]);
    expect(await faultsOf('')).toEqual(['1 null: the file is empty; expected a header row']);
  });

  it('has no follow-up faults of rows that it says nothing of', async () => {
    const faults = await faultsOf('a,b,c\n1,2\n1,2,3,4\n');
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['1 name', '1 jurisdiction', '1 tier']);
    expect(await faultsOf('"name"x,jurisdiction,tier\nA,DE,1\nB,DE\n')).toEqual([
      '1 null: header row: text after the closing quote',
    ]);
  });
});

describe('lines before the header row', () => {
  it.each([
    ['one line', 'List of 1 November;;;\n', 2, 'the line'],
    ['one without fields', 'List of 1 November\n', 2, 'the line'],
    ['a title and an empty row', 'List of 1 November;;;\n;;;\n', 3, 'the 2 lines'],
    ['a title and an empty line', 'List of 1 November\n\n', 3, 'the 2 lines'],
    ['a title with a quote', 'List "all"\n', 2, 'the line'],
    ['a title that is a wanted header', 'Name 1;;;\n', 2, 'the line'],
  ])('are to be taken out: %s', async (_, before, line, words) => {
    expect(await faultsOf(before + TABLE, german)).toEqual([
      `1 null: the header row is not the first line, but line ${line}: take out ${words} before it`,
    ]);
  });

  it('are guessed when no line has the wanted headers', async () => {
    expect(await faultsOf(`List of;1 November;;\n${TABLE}`, { delimiter: ';' })).toEqual([
      expect.stringMatching(/^1 null: .*if line 2 is it, take out the line before it, .*--columns FIELD=HEADER$/),
    ]);
  });

  it('are found in a reference list too, also when rows are left out', () => {
    const text = 'Last Updated,03/06/2026\nname,nationality\nVor,RU\n';
    expect(() => new ReferenceList(Buffer.from(text)).sanctions()).toThrow(
      'sanctions.csv:1: the header row is not the first line, but line 2: take out the line before it',
    );
  });

  it.each([
    ['sep=;', 'the first line is "sep=;", a spreadsheet hint, not a header row: remove that line'],
    ['"sep=;"', 'the first line is "sep=;", a spreadsheet hint, not a header row: remove that line'],
    ['SEP=;;;;', 'the first line is "sep=;", a spreadsheet hint, not a header row: remove that line'],
    [
      'sep=|',
      `the first line is "sep=|", a spreadsheet hint, not a header row: remove that line, and pass --delimiter '|', or --delimiter suppliers='|' for this file alone`,
    ],
  ])('the note %s is no header row', async (note, words) => {
    for (const end of ['\n', '\r\n'])
      expect(await faultsOf(`\uFEFF${note}${end}${TABLE}`, german)).toEqual([`1 null: ${words}`]);
  });
});

describe('another delimiter', () => {
  const option = (delimiter: string) =>
    `: pass --delimiter ${delimiter}, or --delimiter suppliers=${delimiter} for this file alone`;

  it.each([
    [';', `";", not by ","${option("';'")}`],
    ['|', `"|", not by ","${option("'|'")}`],
    ['\t', `a tab, not by ","${option('tab')}`],
  ])('%j is named with its option, and nothing else', async (delimiter, words) => {
    const text = TABLE.replaceAll(';', delimiter);
    expect(await faultsOf(text, { columns: COLUMNS })).toEqual([`1 null: the fields are separated by ${words}`]);
    const quoted = text.replaceAll(/[^\n\t;|]+/g, '"$&"');
    expect(await faultsOf(quoted, { columns: COLUMNS })).toEqual([`1 null: the fields are separated by ${words}`]);
  });

  it('is named the other way round, with a comma in a header, and below a title', async () => {
    expect(await faultsOf('name,jurisdiction,tier\nA,DE,1\n', { delimiter: ';' })).toEqual([
      `1 null: the fields are separated by ",", not by ";"${option("','")}`,
    ]);
    expect(await faultsOf('Name, 1;Land;Stufe\nA;DE;1\n', { columns: { ...COLUMNS, name: 'Name, 1' } })).toEqual([
      `1 null: the fields are separated by ";", not by ","${option("';'")}`,
    ]);
    expect(await faultsOf(`List of 1 November\n${TABLE}`, { columns: COLUMNS })).toEqual([
      `1 null: the header row is not the first line, but line 2: take out the line before it; the fields are separated by ";", not by ","${option("';'")}`,
    ]);
  });

  it('is named with the option of its list, which a file that is no list of a project does not have', async () => {
    const owners = readUbos(Buffer.from('name;birthdate;citizenship\nA;1970-01-01;DE\n'), { file: 'u.csv' });
    await expect(owners).rejects.toThrow(`pass --delimiter ';', or --delimiter ubos=';' for this file alone`);
    const sanctions = new TableReader(SANCTIONS_FIELDS, { file: 'l.csv' });
    sanctions.push(Buffer.from('name;nationality\nVor;RU\n'));
    expect(() => sanctions.end()).toThrow(/pass --delimiter ';'$/);
  });

  it('is guessed when the headers are others too', async () => {
    expect(await faultsOf(TABLE)).toEqual([
      expect.stringMatching(
        /^1 null: the fields look separated by ";", not by ",": pass --delimiter ';', .*--columns FIELD=HEADER; the first line has Kreditor, Name 1, Land, Stufe$/,
      ),
    ]);
  });
});

it.each(['utf-16le', 'utf-16be'])('says that a file without a mark is %s', async (encoding) => {
  const bytes = iconv.encode('name,jurisdiction,tier\nA,DE,1\n', encoding, { addBOM: false });
  expect(await faultsOf(bytes)).toEqual([`1 null: this file looks like UTF-16: pass --encoding ${encoding}`]);
});
