import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { kidOfText } from '@cap/crypto';
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

beforeAll(async () => {
  home = await scratch();
  await writeFile(at('policy.json'), JSON.stringify(POLICY));
  const lists = ['--suppliers', 'examples/suppliers.csv', '--ubos', 'examples/ubos.csv'];
  await done('prepare', ...lists, '--out', at('project'));
  await done('manifest', 'build', '--project', at('project'), '--policy', at('policy.json'));
}, 60_000);

describe('the key that a proof names', () => {
  let keys: string;
  beforeEach(async () => {
    keys = at('project', 'keys');
    await rm(keys, { recursive: true, force: true });
    await rm(at('project', 'proof.json'), { force: true });
  });
  const generate = async (owner: string, ...more: string[]) =>
    (await done('keys', 'generate', '--keys', keys, '--owner', owner, ...more)).trim();
  const prove = (...argv: string[]) => cap(['prove', '--project', at('project'), '--backend', 'mock', ...argv]);
  const change = async (kid: string, more: object) => {
    const record = path.join(keys, `${kid}.json`);
    await writeFile(record, JSON.stringify({ ...JSON.parse(await readFile(record, 'utf8')), ...more }));
  };
  const signerOf = (out: string) => kidOfText(JSON.parse(out).statement.signer);

  it('is the only one of the project, whose private half may be elsewhere', async () => {
    const kid = await generate('Compliance');
    await rename(path.join(keys, `${kid}.key`), at('elsewhere.key'));
    const { code, out } = await prove('--json');
    expect([code, signerOf(out)]).toEqual([0, kid]);
    expect((await prove()).out).toContain(`signer      ${kid}`);
    // A public key that came without its record.
    await rm(path.join(keys, `${kid}.json`));
    expect(signerOf((await prove('--json')).out)).toBe(kid);
    expect(signerOf((await prove('--key', kid, '--json')).out)).toBe(kid);
  });

  it('must be there: 64, with the command that makes one', async () => {
    const command = `cap keys generate --project ${at('project')} --owner`;
    expect(await prove()).toMatchObject({ code: 64, err: expect.stringContaining(command) });
    const elsewhere = await prove('--keys', at('nowhere'));
    expect(elsewhere).toMatchObject({ code: 64, err: expect.stringContaining(`generate --keys ${at('nowhere')}`) });
    expect((await prove('--key', 'f'.repeat(32))).code).toBe(66);
    expect((await prove('--key', 'compliance')).code).toBe(64);
  });

  it('must be named if there are several: 64, naming them; those that can not sign do not count', async () => {
    const [one, two] = [await generate('Compliance'), await generate('Deputy')];
    const { code, err } = await prove();
    expect(code).toBe(64);
    for (const words of [`${one} (Compliance)`, `${two} (Deputy)`, '--key']) expect(err).toContain(words);
    expect(signerOf((await prove('--key', two, '--json')).out)).toBe(two);
    await generate('Backup', '--usage', 'backup');
    await change(one, { status: 'retired' });
    expect(signerOf((await prove('--json')).out)).toBe(two);
  });

  it.each<[string, object]>([
    ['retired', { status: 'retired' }],
    ['revoked', { status: 'revoked', revoked_at: '2025-11-01T00:00:00Z' }],
    ['expired', { valid_from: '2024-01-01T00:00:00Z', valid_to: '2025-11-06T09:59:59Z' }],
    ['not valid yet', { valid_from: '2025-11-06T10:00:01Z' }],
    ['for other things', { usage: ['backup'] }],
  ])('can be none that is %s: 77 by its name, 64 if it is the only one, and no proof', async (_, record) => {
    const kid = await generate('Compliance');
    await change(kid, record);
    expect(await prove('--key', kid)).toMatchObject({ code: 77, err: expect.stringContaining(`key ${kid}`) });
    expect(await prove()).toMatchObject({ code: 64, err: expect.stringContaining(`key ${kid}`) });
    await expect(readFile(at('project', 'proof.json'))).rejects.toThrow('ENOENT');
  });

  it('must be the one that its file’s name says', async () => {
    const [one, two] = [await generate('Compliance'), await generate('Deputy')];
    await rename(path.join(keys, `${two}.pub`), path.join(keys, `${one}.pub`));
    expect((await prove('--key', one)).code).toBe(65);
  });
});
