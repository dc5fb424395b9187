import { chmod, cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cap, scratch, type Outcome } from './cli.fixture.js';

const NOBODY = 65534;

/** Runs a command line as somebody whom file modes bind: root reads and writes everything. */
async function capUnprivileged(...argv: string[]): Promise<Outcome> {
  const isRoot = process.geteuid!() === 0;
  if (isRoot) process.seteuid!(NOBODY);
  try {
    return await cap(argv);
  } finally {
    if (isRoot) process.seteuid!(0);
  }
}

describe('files that the caller has no right to', () => {
  let home: string;
  let kid: string;
  const closedPlaces: string[] = [];
  // Nor can whom file modes bind remove what is in a closed directory.
  afterAll(() => Promise.all(closedPlaces.map((place) => chmod(place, 0o700))));
  const at = (...names: string[]) => path.join(home, ...names);
  const done = async (...argv: string[]) => {
    const outcome = await cap(argv);
    expect([argv[0], outcome.code, outcome.err]).toEqual([argv[0], 0, expect.anything()]);
    return outcome.out.trim();
  };
  /** Everything open to everybody, but for what the test closes. */
  const copy = async (name: string, ...closed: [file: string, mode: number][]) => {
    await cp(at('project'), at(name), { recursive: true });
    for (const entry of await readdir(at(name), { recursive: true, withFileTypes: true }))
      await chmod(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o777 : 0o666);
    await chmod(at(name), 0o777);
    for (const [file, mode] of closed) {
      await chmod(at(name, file), mode);
      closedPlaces.push(at(name, file));
    }
    return at(name);
  };

  // Everything runs once with all rights, which also loads what the verbs load on demand.
  beforeAll(async () => {
    home = await scratch();
    await chmod(home, 0o777);
    const policy = { version: 'lksg.v1', name: 'p', created_at: '2025-11-06T10:00:00Z', notes: '' };
    await writeFile(
      at('policy.json'),
      JSON.stringify({ ...policy, constraints: { require_at_least_one_ubo: true, supplier_count_max: 100 } }),
    );
    const lists = ['--suppliers', 'examples/suppliers.csv', '--ubos', 'examples/ubos.csv'];
    await done('prepare', ...lists, '--out', at('project'));
    kid = await done('keys', 'generate', '--project', at('project'), '--owner', 'Compliance');
    await done('keys', 'list', '--project', at('project'));
    await done('manifest', 'build', '--project', at('project'), '--policy', at('policy.json'));
    await done('prove', '--backend', 'mock', '--project', at('project'));
    await done('bundle', 'create', '--project', at('project'), '--key', kid, '--out', at('bundle.zip'));
    await cap(['verify', at('bundle.zip')]);
    await done('bundle', 'inspect', at('bundle.zip'));
    await cap(['bundle', 'verify', at('bundle.zip')]);
    await cap(['backup', 'verify', at('bundle.zip'), '--signer', kid]);
    await done('trust', 'init', '--out', at('trust.json'));
    await chmod(at('bundle.zip'), 0);
    await chmod(at('policy.json'), 0o644);
  });

  it('may not read a bundle: 77', async () => {
    for (const verb of [['verify'], ['bundle', 'inspect'], ['bundle', 'verify']])
      expect(await capUnprivileged(...verb, at('bundle.zip'))).toMatchObject({
        code: 77,
        err: expect.stringContaining(at('bundle.zip')),
      });
  });

  it('may not read an archive of a backup: 77', async () => {
    const archive = at('backup_20251106_100000.tar.gz');
    await writeFile(archive, 'no archive', { mode: 0 });
    const verify = ['backup', 'verify', archive, '--signer', kid];
    expect(await capUnprivileged(...verify)).toMatchObject({ code: 77, err: expect.stringContaining(archive) });
  });

  it('may not read the secrets or the lists: 77, naming the file', async () => {
    for (const file of ['secrets.json', 'lists/ubos.json']) {
      const project = await copy(`closed-${path.basename(file)}`, [file, 0]);
      expect(await capUnprivileged('prove', '--backend', 'mock', '--project', project)).toMatchObject({
        code: 77,
        err: expect.stringContaining(path.join(project, file)),
      });
    }
  });

  it('may not read a key or the directory of the keys: 77', async () => {
    const project = await copy('closed-key', [`keys/${kid}.key`, 0]);
    const create = ['bundle', 'create', '--project', project, '--key', kid, '--out', at('no.zip')];
    expect(await capUnprivileged(...create)).toMatchObject({ code: 77, err: expect.stringContaining(`${kid}.key`) });
    const closed = await copy('closed-keys', ['keys', 0]);
    expect((await capUnprivileged('keys', 'list', '--project', closed)).code).toBe(77);
  });

  it('may not write into the project: 73, naming the file and not our temporary one', async () => {
    const project = await copy('read-only', ['.', 0o555]);
    for (const [file, ...argv] of [
      ['proof.json', 'prove', '--backend', 'mock', '--project', project],
      ['proof.capz', 'manifest', 'build', '--project', project, '--policy', at('policy.json')],
    ]) {
      const { code, err } = await capUnprivileged(...argv);
      const refused = `cap: output.refused: can't create ${path.join(project, file!)}: permission denied\n`;
      expect([code, err]).toEqual([73, expect.stringContaining(refused)]);
      expect(err).not.toContain('.tmp-');
    }
  });

  it('may not write the output: 73', async () => {
    const project = await copy('no-output', ['.', 0o555]);
    for (const argv of [
      ['trust', 'init', '--out', path.join(project, 'trust.json')],
      ['keys', 'generate', '--owner', 'x', '--keys', path.join(project, 'more-keys')],
      [
        'prepare',
        '--suppliers',
        'examples/suppliers.csv',
        '--ubos',
        'examples/ubos.csv',
        '--out',
        at('no-output', 'p'),
      ],
    ]) {
      const { code, err } = await capUnprivileged(...argv);
      expect([code, err]).toEqual([73, expect.stringContaining('permission denied')]);
      expect(err).not.toContain('.tmp-');
    }
  });
});

describe('places where no project can be made', () => {
  it('are a file, a directory below a file, and a directory with other things: 73', async () => {
    const home = await scratch();
    await writeFile(path.join(home, 'file'), '');
    const lists = ['--suppliers', 'examples/suppliers.csv', '--ubos', 'examples/ubos.csv'];
    for (const name of ['file', 'file/project'])
      expect(await cap(['prepare', ...lists, '--out', path.join(home, name)])).toMatchObject({
        code: 73,
        err: expect.stringContaining('is a file'),
      });
    expect(await cap(['prepare', ...lists, '--out', home])).toMatchObject({
      code: 73,
      err: expect.stringContaining('it contains file'),
    });
    expect(await readdir(home)).toEqual(['file']);
  });
});
