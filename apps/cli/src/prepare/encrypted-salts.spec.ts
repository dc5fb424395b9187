import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { cap, scratch } from '../cli.fixture.js';

const POLICY = {
  version: 'lksg.v1',
  name: 'A supplier list',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 100 },
  notes: '',
};
const LISTS = ['--suppliers', 'examples/suppliers.csv', '--ubos', 'examples/ubos.csv'];

describe('salts that are encrypted to age recipients', () => {
  let home: string;
  let project: string;
  const at = (name: string) => path.join(home, name);
  beforeAll(async () => {
    home = await scratch();
    project = at('project');
    const recipients: string[] = [];
    for (const name of ['officer', 'deputy', 'stranger']) {
      const identity = await generateX25519Identity();
      await writeFile(at(name), `# ${name}\n${identity}\n`);
      if (name !== 'stranger') recipients.push('--recipient', await identityToRecipient(identity));
    }
    const { code, err } = await cap(['prepare', ...LISTS, '--out', project, ...recipients]);
    expect([code, err]).toEqual([0, expect.stringContaining('secrets.json.age')]);
    await writeFile(at('policy.json'), JSON.stringify(POLICY));
    await cap(['keys', 'generate', '--project', project, '--owner', 'Compliance']);
    await cap(['manifest', 'build', '--project', project, '--policy', at('policy.json')]);
  });

  it('are nowhere in the project but in the encrypted file', async () => {
    const files = await readdir(project);
    expect(files).toContain('secrets.json.age');
    expect(files).not.toContain('secrets.json');
    const text = await readFile(path.join(project, 'secrets.json.age'), 'latin1');
    expect(text).toMatch(/^age-encryption\.org\/v1\n/u);
    expect(text).not.toContain('salt');
  });

  it.each(['officer', 'deputy'])('are opened by the %s', async (name) => {
    const proved = await cap(['prove', '--project', project, '--identity', at(name)]);
    expect([proved.code, proved.out]).toEqual([0, expect.stringContaining('proof_hash')]);
    const opened = at(`${name}.json`);
    for (const rows of [
      ['--rows', 'suppliers:0'],
      ['--lines', 'ubos:2'],
    ])
      expect(
        (await cap(['disclose', '--project', project, ...rows, '--out', opened, '--identity', at(name)])).code,
      ).toBe(0);
    expect(await readdir(project)).not.toContain('secrets.json');
  });

  it('are opened by nobody else, and the answer says what is missing', async () => {
    const prove = (...identity: string[]) => cap(['prove', '--project', project, ...identity]);
    expect(await prove()).toMatchObject({ code: 64, err: expect.stringContaining('--identity') });
    expect(await prove('--identity', at('stranger'))).toMatchObject({
      code: 77,
      err: expect.stringContaining('identity.refused'),
    });
    expect((await prove('--identity', at('nowhere'))).code).toBe(66);
    await writeFile(at('broken'), 'AGE-SECRET-KEY-1BROKEN\n');
    const broken = await prove('--identity', at('broken'));
    expect(broken).toMatchObject({ code: 65, err: expect.stringContaining('identity.malformed') });
    expect(broken.err).not.toContain('BROKEN');
    await writeFile(at('empty'), '# nothing\n');
    expect((await prove('--identity', at('empty'))).code).toBe(65);
  });

  it('a recipient that is none is wrong usage, before anything is written', async () => {
    const { code, err } = await cap(['prepare', ...LISTS, '--out', at('never'), '--recipient', 'age1nobody']);
    expect([code, err]).toEqual([64, expect.stringContaining('age1nobody')]);
    expect(await readdir(home)).not.toContain('never');
  });
});
