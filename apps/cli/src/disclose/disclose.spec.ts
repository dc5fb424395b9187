import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { cap, scratch } from '../cli.fixture.js';

const POLICY = {
  version: 'lksg.v1',
  name: 'A supplier list',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 100 },
  notes: '',
};

let home: string;
const at = (...names: string[]) => path.join(home, ...names);

async function done(...argv: string[]): Promise<string> {
  const { code, out, err } = await cap(argv);
  expect([argv.slice(0, 2), code, code === 0 ? '' : err]).toEqual([argv.slice(0, 2), 0, '']);
  return out;
}

/** A project, its zero-knowledge proof and bundle. */
async function proved(name: string): Promise<string> {
  const project = at(name);
  const lists = ['--suppliers', 'examples/suppliers.csv', '--ubos', 'examples/ubos.csv'];
  await done('prepare', ...lists, '--out', project);
  const kid = (await done('keys', 'generate', '--project', project, '--owner', 'Compliance')).trim();
  await done('manifest', 'build', '--project', project, '--policy', at('policy.json'));
  await done('prove', '--project', project);
  await done('bundle', 'create', '--project', project, '--key', kid, '--out', at(`${name}.zip`));
  return project;
}

let project: string;
beforeAll(async () => {
  home = await scratch();
  await writeFile(at('policy.json'), JSON.stringify(POLICY));
  project = await proved('one');
  await done(
    'disclose',
    '--project',
    project,
    '--rows',
    'suppliers:0,4-5',
    '--rows',
    'ubos:1',
    '--out',
    at('rows.json'),
  );
}, 60_000);

const verify = (sample: string, ...more: string[]) =>
  cap(['verify', at('one.zip'), '--policy', at('policy.json'), '--disclosure', sample, ...more]);

/** The names that a sample opens. */
const names = (file: string): string[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as Opened).segments.flatMap(({ rows }) =>
    rows.map(({ fields }) => fields.name.value),
  );
/** A text as it stands in a CSV file's quotes, if it has any. */
const inCsv = (text = '') => text.replaceAll('"', '""');
interface Opened {
  segments: { rows: { fields: { name: { value: string } } }[] }[];
}

describe('a sample for the auditor', () => {
  it('opens the rows that were asked for, and the verifier finds them committed to', async () => {
    const { code, out } = await verify(at('rows.json'), '--json');
    const report = JSON.parse(out);
    expect([code, report.result]).toEqual([1, 'warn']); // no trust store
    expect(report.sample).toEqual({ places: ['suppliers:0', 'suppliers:4', 'suppliers:5', 'ubos:1'], result: 'ok' });
    const [first] = names(at('rows.json'));
    expect(await readFile('examples/suppliers.csv', 'utf8')).toContain(inCsv(first));
    const { out: text } = await verify(at('rows.json'));
    expect(text).toContain('all of them are among those');
    expect(text).toContain(`name=${first}`);
    expect((await verify(at('rows.json'), '--lang', 'de')).out).toContain('jede gehört zu denen');
  });

  it('opens rows by their lines in the file', async () => {
    await done('disclose', '--project', project, '--lines', 'suppliers:2', '--out', at('line.json'));
    expect(JSON.parse((await verify(at('line.json'), '--json')).out).sample.result).toBe('ok');
    const [, first] = (await readFile('examples/suppliers.csv', 'utf8')).split('\n');
    expect(first).toContain(inCsv(names(at('line.json'))[0]));
    expect((await cap(['disclose', '--project', project, '--lines', '999', '--out', at('no.json')])).code).toBe(64);
  });

  it('shows no other row, and no salt of one', async () => {
    const sample = await readFile(at('rows.json'), 'utf8');
    const { lists } = JSON.parse(await readFile(path.join(project, 'secrets.json'), 'utf8'));
    const shown = lists.suppliers.leaves.filter(({ leaf_salt }: { leaf_salt: string }) => sample.includes(leaf_salt));
    expect(shown).toHaveLength(3);
    expect(sample).not.toContain(JSON.parse(await readFile(path.join(project, 'secrets.json'), 'utf8')).columns_seed);
  });

  it('is worth nothing changed, or beside another bundle: exit 2', async () => {
    const sample = JSON.parse(await readFile(at('rows.json'), 'utf8'));
    await writeFile(at('twice.json'), canonical({ ...sample, segments: [...sample.segments, sample.segments[0]] }));
    const twice = await verify(at('twice.json'));
    expect([twice.code, twice.out.includes('twice')]).toEqual([2, true]);
    const row = sample.segments[0].rows[0];
    row.fields.name.value = 'Somebody Else';
    await writeFile(at('changed.json'), canonical(sample));
    const changed = await verify(at('changed.json'));
    expect([changed.code, changed.out.split('\n')[0]]).toEqual([
      2,
      'FAILED: the opened rows could not be confirmed as those of the proof',
    ]);
    await proved('two');
    const other = await cap(['verify', at('two.zip'), '--policy', at('policy.json'), '--disclosure', at('rows.json')]);
    expect([other.code, other.out.includes('another manifest')]).toEqual([2, true]);
    await writeFile(at('spaced.json'), JSON.stringify(sample, null, 2));
    expect((await verify(at('spaced.json'))).code).toBe(65);
  }, 60_000);

  it('can not be of rows that are not there, or of a proof that opens none', async () => {
    const disclose = (...argv: string[]) => cap(['disclose', '--project', project, '--out', at('no.json'), ...argv]);
    expect(await disclose('--rows', '48')).toMatchObject({ code: 64, err: expect.stringContaining('only 0 to 47') });
    expect((await disclose('--rows', 'owners:1')).code).toBe(64);
    expect((await disclose('--rows', '5-2')).code).toBe(64);
    expect((await disclose()).code).toBe(64);
    await done('manifest', 'build', '--project', project, '--policy', at('policy.json'));
    await done('prove', '--project', project, '--backend', 'mock');
    expect(await disclose('--rows', '0')).toMatchObject({ code: 64, err: expect.stringContaining('mock') });
  });
});

describe('a manifest with kzg-columns commitments', () => {
  it('hides how many rows there are, and can not be proven by opening rows', async () => {
    const shown = JSON.parse(await done('inspect', at('one.zip'), '--json'));
    expect(shown.lists.map(({ list, count }: { list: string; count: number | null }) => [list, count])).toEqual([
      ['suppliers', null],
      ['ubos', null],
    ]);
    expect(await done('inspect', at('one.zip'))).toContain(
      'suppliers: shows only that there are between 0 and 1013 rows',
    );
    await done('manifest', 'build', '--project', project, '--policy', at('policy.json'));
    const { code, err } = await cap(['prove', '--project', project, '--backend', 'disclosure']);
    expect([code, err]).toEqual([64, expect.stringMatching(/--backend kzg-columns .*--scheme merkle-blake3/)]);
    for (const scheme of ['x', 'kzg-columns.v1'])
      expect(
        await cap(['manifest', 'build', '--project', project, '--policy', at('policy.json'), '--scheme', scheme]),
      ).toMatchObject({ code: 64, err: expect.stringContaining('kzg-columns or merkle-blake3') });
  });
});

/** Members sorted, as JCS has them: these texts and numbers need no more. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
