import { describe, expect, it } from '@jest/globals';
import { cap } from './cli.fixture.js';
import { datedFile, delimiter, namedDatedFile, namedFile } from './options.js';

describe('FILE[@YYYY-MM-DD]', () => {
  it.each([
    ['sanctions.csv@2025-11-01', { file: 'sanctions.csv', day: '2025-11-01' }],
    ['sanctions.csv', { file: 'sanctions.csv' }],
    ['me@example/list.csv', { file: 'me@example/list.csv' }],
    ['me@2025-01-01/list.csv', { file: 'me@2025-01-01/list.csv' }],
    ['a@b.csv@2024-02-29', { file: 'a@b.csv', day: '2024-02-29' }],
  ])('%s', (text, expected) => {
    expect(datedFile(text)).toEqual(expected);
  });

  it.each([
    '2025-02-29',
    '2025-13-01',
    '01.11.2025',
    '2025/11/01',
    '2025-11-1',
    '20251101',
    '2025-11-01T00:00:00Z',
    '',
  ])('names option, value and form when the day is %j', async (day) => {
    const value = `sanctions.csv@${day}`;
    for (const option of ['--sanctions', '--jurisdictions', '--list']) {
      const given = option === '--list' ? `eu=${value}` : value;
      const { code, err } = await cap(['manifest', 'build', '--project', 'p', '--policy', 'p.json', option, given]);
      expect(code).toBe(64);
      for (const words of [option, given, 'sanctions.csv@2026-01-31']) expect(err).toContain(words);
      expect(err).toContain(day === '' ? 'there is no day' : `${day} is not a day`);
    }
  });

  it('names a file', () => {
    expect(() => datedFile('@2025-11-01')).toThrow('no file before the @');
  });
});

describe('ID=FILE[@YYYY-MM-DD]', () => {
  it('reads id, file and day', () => {
    expect(namedFile('eu=list.csv')).toEqual({ id: 'eu', file: 'list.csv' });
    expect(namedDatedFile('eu=a=b.csv@2025-11-01')).toEqual({ id: 'eu', file: 'a=b.csv', day: '2025-11-01' });
    expect(() => namedDatedFile('eu=list.csv')).toThrow('ID=FILE@YYYY-MM-DD');
    expect(() => namedFile('list.csv')).toThrow('ID=FILE');
  });
});

describe('--delimiter', () => {
  it.each([
    [';', ';'],
    ['\t', '\t'],
    ['\\t', '\t'],
    ['tab', '\t'],
    ['TAB', '\t'],
  ])('%j is %j', (text, expected) => {
    expect(delimiter(text)).toBe(expected);
  });

  it.each(['', ';;', '\\n'])('%j is wrong usage', async (text) => {
    const argv = ['lists', 'import', '-', '--kind', 'sanctions', '--delimiter', text];
    expect(await cap(argv, { stdin: 'name\n' })).toMatchObject({ code: 64 });
  });
});
