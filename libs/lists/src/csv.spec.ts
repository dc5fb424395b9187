import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CsvReader } from './csv.js';

const read = (text: string, delimiter = ',', cut = text.length) => {
  const reader = new CsvReader(delimiter);
  const records = [];
  for (let i = 0; i < text.length; i += cut) records.push(...reader.push(text.slice(i, i + cut)));
  return [...records, ...reader.end()];
};
const cells = (text: string, delimiter?: string) => read(text, delimiter).map((record) => record.cells);
const lines = (text: string) => read(text).map((record) => record.line);

describe('CSV', () => {
  it('splits fields and records, with or without a last line end', () => {
    expect(cells('a,b\n1,2\n')).toEqual([['a', 'b'], ['1', '2']]); // prettier-ignore
    expect(cells('a,b\n1,2')).toEqual([['a', 'b'], ['1', '2']]); // prettier-ignore
    expect(cells('a,\n,b\n')).toEqual([['a', ''], ['', 'b']]); // prettier-ignore
  });

  it('takes LF, CRLF and CR, even mixed', () => {
    expect(cells('a\r\nb\nc\rd\r\n')).toEqual([['a'], ['b'], ['c'], ['d']]);
    expect(lines('a\r\nb\nc\rd\r\n')).toEqual([1, 2, 3, 4]);
  });

  it('takes quoted fields with delimiters, doubled quotes and line ends inside', () => {
    expect(cells('"a,b","say ""hi""","x\r\ny"\n')).toEqual([['a,b', 'say "hi"', 'x\r\ny']]);
    expect(cells('"a;b";c\n', ';')).toEqual([['a;b', 'c']]);
    expect(cells('"",a\n""\n')).toEqual([['', 'a'], ['']]);
  });

  it('leaves out empty lines but counts them', () => {
    expect(read('a\n\n  \nb\n').map(({ line, cells }) => [line, ...cells])).toEqual([
      [1, 'a'],
      [4, 'b'],
    ]);
  });

  it('gives each record the line it starts on', () => {
    expect(lines('h\n"x\ny\nz"\nb\n"q\r\nr",1\r\nc')).toEqual([1, 2, 5, 6, 8]);
  });

  it('names a faulty record and reads the others', () => {
    const records = read('a,b\n1,x"y\n"q"x,2\n3,4\n');
    expect(records.map(({ line, fault }) => [line, fault?.field, fault?.message])).toEqual([
      [1, undefined, undefined],
      [2, 1, 'a quote inside a field that does not start with one'],
      [3, 0, 'text after the closing quote'],
      [4, undefined, undefined],
    ]);
    expect(records.at(-1)!.cells).toEqual(['3', '4']);
  });

  it('names the line on which an unclosed quote stands', () => {
    expect(read('a\nb,"c\nd\ne').at(-1)).toMatchObject({
      line: 2,
      fault: { field: 1, message: 'the closing quote is missing' },
    });
  });

  it('gives up on a field without end and goes on after it', () => {
    const records = read(`a\n"${'x'.repeat(70_000)}\nb\n`);
    expect(records[1]).toMatchObject({ line: 2, fault: { field: 0, message: expect.stringContaining('65536') } });
    expect(records[2]).toEqual({ line: 3, cells: ['b'] });
  });

  it('reads any cells back, however the text is cut into pieces', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'ü'), maxLength: 6 });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { maxLength: 5 });
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 7 }), fc.constantFrom('\n', '\r\n', '\r'), (rows, cut, end) => {
        const text = rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',') + end).join('');
        expect(read(text, ',', cut).map((record) => record.cells)).toEqual(rows);
      }),
    );
  });
});
