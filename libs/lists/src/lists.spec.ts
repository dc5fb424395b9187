import { describe, expect, it } from '@jest/globals';
import iconv from 'iconv-lite';
import { isCapError } from '@cap/core';
import type { ListFault } from './faults.js';
import { readSuppliers, readUbos, type IntakeOptions } from './intake.js';
import { assertIdentifiers } from './duplicates.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const suppliers = (text: string | Buffer, options: Partial<IntakeOptions> = {}) =>
  readSuppliers(typeof text === 'string' ? bytes(text) : text, { file: 's.csv', ...options });
const ubos = (text: string) => readUbos(bytes(text), { file: 'u.csv' });

async function faultsOf(reading: Promise<unknown>): Promise<string[]> {
  try {
    await reading;
  } catch (error) {
    if (!isCapError(error) || error.code !== 'list.invalid') throw error;
    expect(error.kind).toBe('input');
    return (error.details as ListFault[]).map(
      ({ file, line, column, message }) => `${file}:${line} ${column}: ${message}`,
    );
  }
  throw new Error('read without a fault');
}

describe('suppliers.csv', () => {
  it('gives typed rows, texts trimmed and in NFC, absent optionals left out', async () => {
    const text =
      'name,jurisdiction,tier,id,due_diligence,audit_date\n' +
      ' Mu\u0308ller GmbH ,DE,1,HRB 1,TRUE,2024-02-29\n"A, B ""C""",FR,12,,,\n';
    const { rows, lines } = await suppliers(text);
    expect(rows).toEqual([
      { name: 'Müller GmbH', jurisdiction: 'DE', tier: 1, id: 'HRB 1', due_diligence: true, audit_date: '2024-02-29' },
      { name: 'A, B "C"', jurisdiction: 'FR', tier: 12 },
    ]);
    expect(lines).toEqual([2, 3]);
  });

  it('takes a byte order mark, semicolons, CRLF and German headers', async () => {
    const text = '\uFEFFFirma;Land;Stufe;Notiz\r\n"ACME; Söhne";DE;1;x\r\n';
    const intake = await suppliers(text, {
      delimiter: ';',
      columns: { name: 'Firma', jurisdiction: 'land', tier: 'Stufe' },
    });
    expect(intake.rows).toEqual([{ name: 'ACME; Söhne', jurisdiction: 'DE', tier: 1 }]);
    expect(intake.ignoredColumns).toEqual(['Notiz']);
  });

  it('takes windows-1252 and UTF-16 when told so', async () => {
    const text = 'name,jurisdiction,tier\nGrün & Söhne – Œuvre,DE,1\n';
    for (const encoding of ['windows-1252', 'utf-16'])
      expect((await suppliers(iconv.encode(text, encoding), { encoding })).rows[0]!.name).toBe('Grün & Söhne – Œuvre');
  });

  it.each(['utf-8', 'utf-16le', 'utf-16be'])('a byte order mark of %s goes before what was said', async (encoding) => {
    const marked = iconv.encode('name,jurisdiction,tier\nGrün,DE,1\nBü,FR,1\n', encoding, { addBOM: true });
    for (const said of ['windows-1252', 'utf-8'])
      expect((await suppliers(marked, { encoding: said })).rows[0]!.name).toBe('Grün');
    async function* byteByByte() {
      for (const byte of marked) yield Buffer.of(byte);
    }
    expect((await readSuppliers(byteByByte(), { file: 's.csv' })).rows.map(({ name }) => name)).toEqual(['Grün', 'Bü']);
  });

  it('a file shorter than a mark is a file too', async () => {
    expect(await faultsOf(suppliers('x'))).toContainEqual(expect.stringContaining('expected this column'));
  });

  it('notices UTF-8 that is read as another encoding, in one piece or several', async () => {
    const bytes = Buffer.from('name,jurisdiction,tier\nMüller Gießerei GmbH,DE,1\n');
    async function* pieces() {
      for (const byte of bytes) yield Uint8Array.of(byte);
    }
    for (const source of [bytes, pieces()])
      await expect(readSuppliers(source, { file: 's.csv', encoding: 'windows-1252' })).rejects.toMatchObject({
        code: 'list.invalid',
        details: [
          {
            line: 1,
            message:
              'this file is UTF-8, not windows-1252: omit --encoding, or pass it as ubos=windows-1252 for the other file alone',
          },
        ],
      });
    // Half a character is no UTF-8; plain ASCII is every encoding.
    const cut = Buffer.from('name,jurisdiction,tier\nAÃ,DE,1\n', 'latin1');
    expect((await suppliers(cut, { encoding: 'windows-1252' })).rows[0]!.name).toBe('AÃ');
    const ascii = Buffer.from('name,jurisdiction,tier\nA,DE,1\n');
    expect((await suppliers(ascii, { encoding: 'windows-1252' })).rows).toHaveLength(1);
  });

  it.each([
    ['a workbook', 'PK\u0003\u0004\u0014', 'XLSX'],
    ['an old workbook', '\u00d0\u00cf\u0011\u00e0\u00a1\u00b1\u001a\u00e1', 'XLS'],
    ['a PDF', '%PDF-1.7', 'PDF'],
    ['a compressed file', '\u001f\u008b\u0008', 'gzip'],
  ])('says of %s what it is, and what to pass instead', async (_, beginning, name) => {
    await expect(suppliers(Buffer.from(`${beginning}\u0000\u0000 and more`, 'latin1'))).rejects.toMatchObject({
      code: 'list.invalid',
      message: expect.stringMatching(new RegExp(`^s.csv:1: .*${name}.*CSV`)),
    });
  });

  it('names the row whose bytes are not of the encoding', async () => {
    const latin = iconv.encode('name,jurisdiction,tier\nOk,DE,1\nGrün,DE,1\n', 'windows-1252');
    expect(await faultsOf(suppliers(latin))).toEqual([
      expect.stringMatching(/^s.csv:3 name: holds bytes that are not utf-8: .*--encoding windows-1252.*cp850/),
    ]);
    const header = iconv.encode('Größe,jurisdiction,tier\nOk,DE,1\nGrün,DE,1\n', 'windows-1252');
    expect(await faultsOf(suppliers(header, { columns: { name: 'Größe' } }))).toEqual([
      expect.stringMatching(/^s.csv:1 null: holds bytes that are not utf-8: .*--encoding windows-1252/),
    ]);
  });

  it('reads a stream whose chunks cut characters and records', async () => {
    const whole = bytes('name,jurisdiction,tier\nGrün,DE,1\nÖl,AT,2\n');
    async function* oneByOne() {
      for (const byte of whole) yield Uint8Array.of(byte);
    }
    const { rows } = await readSuppliers(oneByOne(), { file: 's.csv' });
    expect(rows.map(({ name }) => name)).toEqual(['Grün', 'Öl']);
  });

  it('takes a list without rows', async () => {
    expect((await suppliers('name,jurisdiction,tier\n')).rows).toEqual([]);
  });

  it('reports all bad rows at once, with file, line and column', async () => {
    const text = [
      'name,jurisdiction,tier,due_diligence,audit_date',
      'Good,DE,1,true,2024-01-31',
      ',DE,1,true,',
      'Lower,de,1,,',
      'Unknown,XX,1,,',
      'Zero,DE,0,,',
      'Half,DE,1.5,,',
      'Text,DE,first,,',
      'Maybe,DE,1,yes,',
      'Never,DE,1,,2023-02-30',
      'Short,DE',
      'Long,DE,1,,,,',
      '!!!,DE,1,,',
      'Quote"d,DE,1,,',
      'Both,ZZ,-1,,',
    ].join('\n');
    expect(await faultsOf(suppliers(text))).toEqual([
      "s.csv:3 name: expected at least one letter or digit, found nothing; delete the row if it isn't a supplier",
      's.csv:4 jurisdiction: expected an ISO 3166-1 alpha-2 code in capitals, found "de": write DE',
      's.csv:5 jurisdiction: expected an ISO 3166-1 alpha-2 code in capitals, found "XX"',
      's.csv:6 tier: expected a positive integer, found "0"',
      's.csv:7 tier: expected a positive integer, found "1.5"',
      's.csv:8 tier: expected a positive integer, found "first"',
      's.csv:9 due_diligence: expected true or false, found "yes": write true',
      's.csv:10 audit_date: expected an existing date, YYYY-MM-DD, found "2023-02-30"',
      's.csv:11 null: expected 5 fields as in the header row, found 2',
      's.csv:12 null: expected 5 fields as in the header row, found 7',
      's.csv:13 name: expected at least one letter or digit, found "!!!"',
      's.csv:14 name: a quote inside a field that does not start with one',
      's.csv:15 jurisdiction: expected an ISO 3166-1 alpha-2 code in capitals, found "ZZ"',
      's.csv:15 tier: expected a positive integer, found "-1"',
    ]);
  });

  it.each([
    ['zero-width space', 'AC\u200bME', 'U+200B'],
    ['zero-width joiner', 'AC\u200dME', 'U+200D'],
    ['soft hyphen', 'AC\u00adME', 'U+00AD'],
    ['word joiner', 'ACME\u2060', 'U+2060'],
    ['right-to-left override', '\u202eEMCA', 'U+202E'],
    ['tag', 'ACME\u{e0041}', 'U+E0041'],
    ['control', 'AC\u0007ME', 'U+0007'],
    ['blank letter', 'AC\u3164ME', 'U+3164'],
    ['nothing else', '\u200b', 'U+200B'],
    ['ignorable and not assigned', 'Duskharbor\u2065', 'U+2065'],
    ['variation selector', 'AC\ufe0fME', 'U+FE0F'],
    ['private use', 'AC\ue000ME', 'U+E000'],
    ['not assigned', 'AC\u0378ME', 'U+0378'],
  ])('refuses a name or an id with what nobody sees: %s', async (_, text, point) => {
    const fault = `contains the invisible or unassigned character ${point}, so it would match no list; fix the cell, or remove the character with cap prepare --clean or cap lists import`;
    expect(await faultsOf(suppliers(`name,jurisdiction,tier,id\n${text},DE,1,${text}\nOk,DE,1,\n`))).toEqual([
      `s.csv:2 name: ${fault}`,
      `s.csv:2 id: ${fault}`,
    ]);
    expect(await faultsOf(ubos(`name,birthdate,citizenship\n${text},1815-12-10,GB\n`))).toEqual([
      `u.csv:2 name: ${fault}`,
    ]);
  });

  it.each([
    ['"AC\nME"', 'a line break'],
    ['"AC\rME"', 'a line break'],
    ['"AC\r\nME"', 'a line break'],
    ['"AC\tME"', 'a tab'],
  ])('calls the white space in %j by its name: %s', async (name, words) => {
    expect(await faultsOf(suppliers(`name,jurisdiction,tier\n${name},DE,1\n`))).toEqual([
      `s.csv:2 name: contains ${words}, so it would match no list; fix the cell, or remove the character with cap prepare --clean or cap lists import`,
    ]);
  });

  it.each([
    ['DE', '1', 'WAHR', '2025-12-31', 'expected true or false, found "WAHR": write true'],
    ['DE', '1', 'Falsch', '2025-12-31', 'expected true or false, found "Falsch": write false'],
    ['DE', '1', 'perhaps', '2025-12-31', 'expected true or false, found "perhaps"'],
    ['DE', '1,0', 'true', '2025-12-31', 'expected a positive integer, found "1,0": write 1'],
    ['DE', '02', 'true', '2025-12-31', 'expected a positive integer, found "02": write 2'],
    ['DE', '1,5', 'true', '2025-12-31', 'expected a positive integer, found "1,5"'],
    ['dE', '1', 'true', '', 'expected an ISO 3166-1 alpha-2 code in capitals, found "dE": write DE'],
    ['xx', '1', 'true', '', 'expected an ISO 3166-1 alpha-2 code in capitals, found "xx"'],
    ['DE', '1', '', '31.12.2025', 'found "31.12.2025": write 2025-12-31'],
    ['DE', '1', '', '1.2.2025 00:00:00', 'found "1.2.2025 00:00:00": write 2025-02-01'],
    ['DE', '1', '', '03/02/2025', 'found "03/02/2025": write 2025-02-03 or 2025-03-02'],
    ['DE', '1', '', '12/31/2025', 'found "12/31/2025": write 2025-12-31'],
    ['DE', '1', '', '20251231', 'found "20251231": write 2025-12-31'],
    ['DE', '1', '', '31.02.2025', 'found "31.02.2025"'],
  ])('says what to write instead: %s;%s;%s;%s', async (country, tier, diligence, day, words) => {
    const csv = `name;jurisdiction;tier;due_diligence;audit_date\nA;${country};${tier};${diligence};${day}\n`;
    const faults = await faultsOf(suppliers(csv, { delimiter: ';' }));
    expect(faults).toEqual([expect.stringMatching(/^s.csv:2 /)]);
    expect(faults[0]!.endsWith(words)).toBe(true);
  });

  it('says of an empty row and of a total that they are to be deleted', async () => {
    const csv = 'name,jurisdiction,tier\nA,DE,1\n,,\n , ,\t,\nTotal,,7\n,,4\n';
    expect(await faultsOf(suppliers(csv))).toEqual([
      's.csv:3 null: an empty row: delete it',
      's.csv:4 null: an empty row: delete it',
      expect.stringMatching(/^s.csv:5 jurisdiction: .*found nothing; delete the row if it isn't a supplier$/),
      expect.stringMatching(/^s.csv:6 name: .*found nothing; delete the row if it isn't a supplier$/),
      expect.stringMatching(/^s.csv:6 jurisdiction: .*found nothing$/),
    ]);
    expect(await faultsOf(ubos('name,birthdate,citizenship\nSum,,2\n'))).toContainEqual(
      expect.stringContaining("delete the row if it isn't a UBO"),
    );
  });

  it('takes them out when asked to, and counts the cells', async () => {
    const csv = 'name,jurisdiction,tier,id\nDusk\u200bharbor\u2065,DE,1,\nA\tB,DE,1,X\u00ad1\nC,DE,1,\u200b\n';
    const { rows, cleaned } = await readSuppliers(Buffer.from(csv), { file: 's.csv', clean: true });
    expect(rows.map(({ name, id }) => [name, id])).toEqual([
      ['Duskharbor', undefined],
      ['A B', 'X1'],
      ['C', undefined],
    ]);
    expect(cleaned).toBe(4);
    const nothing = readSuppliers(Buffer.from('name,jurisdiction,tier\n\u200b,DE,1\n'), { file: 's.csv', clean: true });
    await expect(nothing).rejects.toMatchObject({ code: 'list.invalid' });
  });

  it('takes what folding drops: white space, marks, symbols', async () => {
    const { rows } = await suppliers('name,jurisdiction,tier\n\ufeffA\u00a0\u2003c\u0301me 🌱,DE,1\n');
    expect(rows).toHaveLength(1);
  });

  it('keeps suppliers apart whose names differ by a mark that makes another letter', async () => {
    const names = ['ハナ商事', 'バナ商事', 'ไทยดี', 'ไทยดู'];
    const { rows } = await suppliers(`name,jurisdiction,tier\n${names.map((name) => `${name},JP,1\n`).join('')}`);
    expect(rows.map(({ name }) => name)).toEqual(names);
  });

  it('refuses options that mean nothing', async () => {
    const refused = (options: Partial<IntakeOptions>) => expect(suppliers('', options)).rejects;
    await refused({ delimiter: ';;' }).toMatchObject({ kind: 'usage', code: 'list.options' });
    await refused({ delimiter: '"' }).toMatchObject({ code: 'list.options' });
    await refused({ encoding: 'klingon' }).toMatchObject({ code: 'list.options' });
    await refused({ columns: { firm: 'Firma' } }).toMatchObject({
      message: expect.stringContaining('no field is named firm'),
    });
    await refused({ columns: { name: 'X', id: 'x' } }).toMatchObject({
      message: expect.stringContaining('two fields'),
    });
  });
});

describe('ubos.csv', () => {
  it('gives typed rows and refuses a birthdate that is no day', async () => {
    expect((await ubos('name,birthdate,citizenship\nAda Byron,1815-12-10,GB\n')).rows).toEqual([
      { name: 'Ada Byron', birthdate: '1815-12-10', citizenship: 'GB' },
    ]);
    expect(await faultsOf(ubos('name,birthdate,citizenship\nA,10.12.1815,GB\nB,1900-02-29,GB\n'))).toHaveLength(2);
  });
});

describe('identifier schemes', () => {
  it('refuses all duplicates at once, with both lines, after normalisation', async () => {
    const text = 'name,jurisdiction,tier\nACME GmbH,DE,1\nAcme  G.m.b.H.,DE,2\nAcme GmbH,AT,1\nacmé gmbh,DE,1\n';
    const same = [
      's.csv:3 null: duplicate of line 2 (identifier scheme name); merge them',
      's.csv:5 null: duplicate of line 2 (identifier scheme name); merge them',
    ];
    expect(await faultsOf(suppliers(text))).toEqual(same);
    const row = (name: string, jurisdiction: string) => ({ name, jurisdiction, tier: 1 });
    const names = ['ACME GmbH', 'Acme  G.m.b.H.', 'Acme GmbH', 'acmé gmbh'];
    const rows = names.map((name, i) => row(name, i === 2 ? 'AT' : 'DE'));
    const intake = { rows, lines: [2, 3, 4, 5], ignoredColumns: [], leftOut: [], cleaned: 0 };
    expect(await faultsOf((async () => assertIdentifiers('suppliers', intake, 'name', 's.csv'))())).toEqual(same);
    expect(() => assertIdentifiers('suppliers', { ...intake, rows: rows.slice(1, 3) }, 'name', 's.csv')).not.toThrow();
  });

  it('names duplicates along with all other bad rows, in the order of the lines', async () => {
    const text = [
      'name,jurisdiction,tier',
      'ACME,DE,1',
      'Bad,XX,1',
      'Acme,DE,first', // the tier can't be read, but the row is known already
      'Short,DE',
      'acme,DE,2',
      ',DE,1',
      'Other,DE,1',
    ].join('\n');
    expect(await faultsOf(suppliers(text))).toEqual([
      's.csv:3 jurisdiction: expected an ISO 3166-1 alpha-2 code in capitals, found "XX"',
      's.csv:4 tier: expected a positive integer, found "first"',
      's.csv:4 null: duplicate of line 2 (identifier scheme name); merge them',
      's.csv:5 null: expected 3 fields as in the header row, found 2',
      's.csv:6 null: duplicate of line 2 (identifier scheme name); merge them',
      "s.csv:7 name: expected at least one letter or digit, found nothing; delete the row if it isn't a supplier",
    ]);
  });

  it('tells rows apart by names, whatever numbers they have, unless told otherwise', async () => {
    const of = (...rows: string[]) => suppliers(['name,jurisdiction,tier,id', ...rows].join('\n'));
    const same = /duplicate of line 2 \(identifier scheme (\w+)\)/;
    const schemeIn = async (reading: Promise<unknown>) =>
      (await faultsOf(reading)).flatMap((fault) => same.exec(fault)?.[1] ?? []);
    expect(await schemeIn(of('A,DE,1,7', 'B,DE,1,7', 'C,DE,0,8'))).toEqual([]);
    expect(await schemeIn(of('A,DE,1,7', 'A,DE,1,8'))).toEqual(['name']);
    expect(await schemeIn(of('A,DE,1,7', 'B,DE,1,7', 'C,DE,0,'))).toEqual([]);
    expect(await schemeIn(of('A,DE,1,7', 'A,DE,1,8', 'C,DE,0,'))).toEqual(['name']);
    const numbered = readSuppliers(bytes('name,jurisdiction,tier,id\nA,DE,1,7\nA,DE,1,8\nB,DE,1,7\n'), {
      file: 's.csv',
      idScheme: 'id',
    });
    expect(await schemeIn(numbered)).toEqual(['id']);
  });

  it('refuses rows that lack what the chosen scheme needs', async () => {
    const intake = await suppliers('name,jurisdiction,tier,id\nA,DE,1,7\nB,DE,1,\n');
    expect(await faultsOf((async () => assertIdentifiers('suppliers', intake, 'id', 's.csv'))())).toEqual([
      's.csv:3 id: the identifier scheme id needs id, and this row lacks it',
    ]);
  });
});
