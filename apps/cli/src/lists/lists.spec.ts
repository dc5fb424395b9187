import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { cap, scratch } from '../cli.fixture.js';
import { withService } from '../loopback.fixture.js';

describe('cap lists', () => {
  it('brings another CSV into the form of a sanctions list', async () => {
    const directory = await scratch();
    const source = path.join(directory, 'official.csv');
    const out = path.join(directory, 'sanctions.csv');
    await writeFile(
      source,
      'Whole;DoB;Remark\n"Vor; Zel";1950-01-31;x\nKas "the Fox" Okh;;y\n'.replace(
        'Kas "the Fox" Okh',
        '"Kas ""the Fox"" Okh"',
      ),
    );
    const {
      code,
      out: printed,
      err,
    } = await cap([
      ...[
        'lists',
        'import',
        source,
        '--kind',
        'sanctions',
        '--delimiter',
        ';',
        '--columns',
        'name=Whole,birthdate=DoB',
      ],
      ...['--out', out, '--json'],
    ]);
    expect(code).toBe(0);
    const bytes = await readFile(out);
    expect(bytes.toString('utf8')).toBe('name,birthdate\nVor; Zel,1950-01-31\n"Kas ""the Fox"" Okh",\n');
    expect(JSON.parse(printed)).toMatchObject({
      hash: sha3Text(bytes),
      entries: 2,
      unmatchable: { id: 2, name: 2, person: 1 },
    });
    expect(err).toContain('columns ignored: Remark');
  });

  it('refuses what can not be used, or leaves it out by name when asked to', async () => {
    const directory = await scratch();
    const source = path.join(directory, 'official.csv');
    const out = path.join(directory, 'sanctions.csv');
    await writeFile(source, 'Whole;Born;Land\nVor;1950-01-31;RU\nZel;1950;00\n;;\n"Kas;;\n');
    const argv = ['lists', 'import', source, '--kind', 'sanctions', '--delimiter', ';', '--out', out, '--json'];
    const columns = ['--columns', 'name=Whole,birthdate=Born,nationality=Land'];
    const refused = await cap([...argv, ...columns]);
    expect(refused.code).toBe(65);
    for (const line of [':3: Born', ':3: Land', ':4: an empty row', ':5: Whole']) expect(refused.err).toContain(line);
    await expect(readFile(out)).rejects.toThrow();

    const { code, out: printed, err } = await cap([...argv, ...columns, '--leave-out-bad', '--allow-loss', '50%']);
    expect(code).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ entries: 2, rows_left_out: 2, cells_left_empty: 2 });
    expect(await readFile(out, 'utf8')).toBe('name,birthdate,nationality\nVor,1950-01-31,RU\nZel,,\n');
    for (const line of [':3: Born', ':3: Land']) expect(err).toContain(`cell left empty: ${source}${line}: `);
    for (const line of [':4: an empty row', ':5: Whole']) expect(err).toContain(`row left out: ${source}${line}: `);
    // A header that lacks a column is no row to leave out.
    expect((await cap([...argv, '--columns', 'name=Nobody', '--leave-out-bad'])).code).toBe(65);
  });

  it('overwrites no file: 73, and what was there stays', async () => {
    const out = path.join(await scratch(), 'mine.csv');
    await writeFile(out, 'kept');
    const argv = ['lists', 'import', '-', '--kind', 'jurisdictions', '--out', out, '--json'];
    const { code, out: printed } = await cap(argv, { stdin: 'iso_code,risk_level\nDE,low\n' });
    expect([code, JSON.parse(printed).error.code]).toEqual([73, 'output.exists']);
    expect(await readFile(out, 'utf8')).toBe('kept');
  });

  it('prints the list and nothing else on stdout, and the summary in words', async () => {
    const stdin = 'iso_code,risk_level\nDE,low\nXX,low\n';
    const argv = ['lists', 'import', '-', '--kind', 'jurisdictions', '--leave-out-bad', '--allow-loss', '50'];
    for (const json of [[], ['--json']]) {
      const { code, out, err } = await cap([...argv, ...json], { stdin });
      expect([code, out]).toEqual([0, 'iso_code,risk_level\nDE,low\n']);
      expect(err).toContain(`1 entries, ${sha3Text(out)}; 1 rows left out, 0 cells left empty`);
    }
  });

  it('names every bad row and writes nothing', async () => {
    const directory = await scratch();
    const out = path.join(directory, 'out.csv');
    const stdin = 'iso_code,risk_level\nDE,low\nXX,low\nFR,terrible\n';
    const { code, err } = await cap(['lists', 'import', '-', '--kind', 'jurisdictions', '--out', out], { stdin });
    expect(code).toBe(65);
    expect(err).toContain('stdin:3');
    expect(err).toContain('stdin:4');
    await expect(readFile(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('reads a tab between the fields of UTF-16, as a spreadsheet writes it, by the name of a tab', async () => {
    const stdin = Buffer.from('\uFEFFiso_code\trisk_level\r\nDE\tlow\r\n', 'utf16le');
    const argv = ['lists', 'import', '-', '--kind', 'jurisdictions'];
    const without = await cap(argv, { stdin });
    expect([without.code, without.err]).toEqual([65, expect.stringMatching(/1 fault\n.*pass --delimiter tab/)]);
    for (const tab of ['tab', '\\t', '\t']) {
      const { code, out } = await cap([...argv, '--delimiter', tab], { stdin });
      expect([code, out]).toEqual([0, 'iso_code,risk_level\nDE,low\n']);
    }
  });

  it('says the one thing to do when the header row is not the first line, leaving bad rows out or not', async () => {
    const stdin = `Last Updated,03/06/2026\nName 6,DOB\n${'VOR,03/02/1961\n'.repeat(3)}`;
    const argv = ['lists', 'import', '-', '--kind', 'sanctions', '--columns', 'name=Name 6'];
    for (const leave of [[], ['--leave-out-bad', '--allow-loss', '100%']]) {
      const { code, err } = await cap([...argv, ...leave], { stdin });
      expect([code, err]).toEqual([65, expect.stringMatching(/1 fault\n.*take out the line before it\n$/)]);
    }
  });

  it('publishes the raw bytes to a verifier API, or to the registry itself', async () => {
    const unknown = { status: 404, body: { code: 'route.unknown', detail: 'no such route' } };
    for (const route of ['/lists', '/v1/lists']) {
      const received = await withService(
        ({ url }) => (url === route ? { status: 200, body: { id: 'sanctions' } } : unknown),
        async (url) => {
          const argv = [
            'lists',
            'publish',
            'examples/sanctions.csv',
            '--id',
            'sanctions',
            '--as-of',
            '2025-11-01',
            '--url',
            url,
          ];
          expect(await cap(argv)).toMatchObject({ code: 0, out: expect.stringContaining('600 entries') });
        },
      );
      const body = JSON.parse(received.at(-1)!.body.toString());
      expect(body).toMatchObject({ id: 'sanctions', kind: 'sanctions', as_of: '2025-11-01' });
      expect(Buffer.from(body.content, 'base64')).toEqual(await readFile('examples/sanctions.csv'));
    }
  });

  it('withdraws a published list at a verifier API, or at the registry itself', async () => {
    const hash = `0x${'5f'.repeat(32)}`;
    const record = { hash, withdrawn_at: '2026-02-01T10:00:00Z', withdrawal_reason: 'half\u202e was missing' };
    const unknown = { status: 404, body: { code: 'route.unknown', detail: 'no such route' } };
    for (const route of ['/lists', '/v1/lists']) {
      const received = await withService(
        ({ url }) => (url === `${route}/${hash}/withdraw` ? { status: 200, body: record } : unknown),
        async (url) => {
          const argv = ['lists', 'withdraw', `sha3-256:${'5f'.repeat(32)}`, '--reason', 'half was missing'];
          const { code, out } = await cap([...argv, '--url', url]);
          expect([code, out]).toEqual([0, `${hash}  withdrawn at 2026-02-01T10:00:00Z: half\\u{202e} was missing\n`]);
          expect(JSON.parse((await cap([...argv, '--url', url, '--json'])).out)).toEqual({ record });
        },
      );
      expect(JSON.parse(received.at(-1)!.body.toString())).toEqual({ reason: 'half was missing' });
    }
  });

  it('a list that is not there can not be withdrawn, nor one without a reason or a hash', async () => {
    const received = await withService(
      () => ({ status: 404, body: { code: 'list.unknown', detail: 'no reference list' } }),
      async (url) => {
        const withdraw = (...argv: string[]) => cap(['lists', 'withdraw', ...argv, '--url', url]);
        expect((await withdraw('sanctions.csv', '--reason', 'x')).code).toBe(64);
        expect((await withdraw(`0x${'5f'.repeat(32)}`)).code).toBe(64);
        expect((await withdraw(`0x${'5f'.repeat(32)}`, '--reason', ' ')).code).toBe(64);
        const unknown = await withdraw(`0x${'5f'.repeat(32)}`, '--reason', 'x');
        expect([unknown.code, unknown.err]).toEqual([65, expect.stringContaining('list.unknown')]);
      },
    );
    expect(received).toHaveLength(1);
  });

  it('sends nothing when the list is bad, or its day is none', async () => {
    const received = await withService(
      () => ({ status: 200, body: {} }),
      async (url) => {
        const argv = ['lists', 'publish', '-', '--id', 'jurisdictions', '--url', url, '--as-of'];
        expect((await cap([...argv, '2025-11-01'], { stdin: 'iso_code\nDE\n' })).code).toBe(65);
        expect((await cap([...argv, '2025-02-30'], { stdin: 'iso_code,risk_level\nDE,low\n' })).code).toBe(64);
      },
    );
    expect(received).toEqual([]);
  });
});

describe('the example lists', () => {
  it('have only entries that every identifier scheme can match', async () => {
    const { out } = await cap([
      'lists',
      'import',
      'examples/sanctions.csv',
      '--kind',
      'sanctions',
      '--json',
      '--out',
      path.join(await scratch(), 'x'),
    ]);
    expect(JSON.parse(out).unmatchable).toEqual({ id: 0, name: 0, person: 0 });
  });

  it('ends with 2 when more than 1 % of the rows are left out, and names how much was lost', async () => {
    const file = path.join(await scratch(), 'official.csv');
    const out = `${file}.out`;
    const argv = ['lists', 'import', file, '--kind', 'sanctions', '--leave-out-bad', '--out', out];
    await writeFile(file, `name,nationality\n${'Vor,RU\n'.repeat(98)},RU\n,RU\n`);
    const lost = await cap(argv);
    expect([lost.code, lost.err]).toEqual([2, expect.stringContaining('2 of 100 rows were left out')]);
    await expect(readFile(out)).rejects.toThrow('ENOENT');
    expect((await cap([...argv, '--allow-loss', '2%'])).code).toBe(0);
    await writeFile(file, `name,nationality\n${'Vor,RU\n'.repeat(99)},RU\n`);
    expect((await cap([...argv.slice(0, -1), `${out}.2`])).code).toBe(0);
    expect((await cap([...argv, '--allow-loss', '101%'])).code).toBe(64);
  });

  it.each([
    ['without an entry', 'name,birthdate,nationality\n', 'no entry'],
    ['of names alone', 'name,nationality\nVor,\nZel,\nRun,\n', '0 of 3 entries can be compared'],
    ['of numbers', 'name,id\nVor,EX-1\n', '0 of 1 entries can be compared'],
    ['without a usable row', 'name,nationality\n,RU\n', 'no entry'],
  ])('a list %s is refused wherever one is taken: it would clear everybody', async (_, text, words) => {
    const home = await scratch();
    const file = path.join(home, 'list.csv');
    await writeFile(file, text);
    const leave = ['--leave-out-bad', '--allow-loss', '100%'];
    const imported = await cap(['lists', 'import', file, '--kind', 'sanctions', ...leave, '--out', `${file}.out`]);
    expect([imported.code, imported.err]).toEqual([65, expect.stringContaining(words)]);
    expect(imported.err).toContain('list.empty');
    await expect(readFile(`${file}.out`)).rejects.toThrow('ENOENT');
    const readable = text.replace(',RU\n', '');
    await writeFile(file, readable);
    const trust = path.join(home, 'trust.json');
    await cap(['trust', 'init', '--out', trust]);
    const trusted = await cap(['trust', 'add', trust, '--reference-list', `sanctions=${file}`]);
    const publish = [
      'lists',
      'publish',
      file,
      '--id',
      'sanctions',
      '--as-of',
      '2025-11-05',
      '--url',
      'http://127.0.0.1:9',
    ];
    const published = await cap(publish, { env: { CAP_TOKEN: 'x' } });
    for (const { code, err } of [trusted, published])
      expect([code, err]).toEqual([65, expect.stringContaining('list.empty')]);
  });

  it('a day in the future is refused', async () => {
    const file = path.join(await scratch(), 'list.csv');
    await writeFile(file, 'name,nationality\nVor,RU\n');
    const publish = (day: string) =>
      cap(['lists', 'publish', file, '--id', 'sanctions', '--as-of', day, '--url', 'http://127.0.0.1:9'], {
        env: { CAP_TOKEN: 'x' },
      });
    const future = await publish('2025-11-08');
    expect([future.code, future.err]).toEqual([64, expect.stringContaining('is in the future')]);
    expect((await publish('2025-11-07')).code).toBe(69); // begins within a day: another time zone
  });
});
