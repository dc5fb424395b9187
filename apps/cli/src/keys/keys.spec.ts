import { createPrivateKey } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { kidOf, publicKeyText } from '@cap/crypto';
import { parseVerifierKey } from '@cap/tlog/notes';
import { cap, scratch } from '../cli.fixture.js';

describe('cap keys', () => {
  it('makes a key whose private half only its owner can read, and prints the kid', async () => {
    const project = await scratch();
    const { code, out } = await cap([
      'keys',
      'generate',
      '--project',
      project,
      '--owner',
      'Compliance',
      '--valid-days',
      '30',
    ]);
    expect(code).toBe(0);
    const kid = out.trim();
    expect(kid).toMatch(/^[0-9a-f]{32}$/);
    const file = path.join(project, 'keys', `${kid}.key`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(kidOf(createPrivateKey(await readFile(file)))).toBe(kid);
    const { keys } = JSON.parse((await cap(['keys', 'list', '--project', project, '--json'])).out);
    expect(keys).toEqual([
      {
        schema: 'cap-key.v2',
        kid,
        owner: 'Compliance',
        status: 'active',
        valid_from: '2025-11-06T10:00:00Z',
        valid_to: '2025-12-06T10:00:00Z',
        usage: ['bundle', 'backup'],
      },
    ]);
    expect((await cap(['keys', 'show', kid, '--project', project])).out).toContain('Compliance');
  });

  it('encrypts the private half with the passphrase of a file', async () => {
    const directory = await scratch();
    const secret = path.join(directory, 'passphrase');
    await writeFile(secret, 'correct horse\n');
    const { out } = await cap(['keys', 'generate', '--keys', directory, '--owner', 'x'], {
      env: { CAP_KEY_PASSPHRASE_FILE: secret },
    });
    const pem = await readFile(path.join(directory, `${out.trim()}.key`), 'utf8');
    expect(pem).toContain('ENCRYPTED');
    expect(kidOf(createPrivateKey({ key: pem, passphrase: 'correct horse' }))).toBe(out.trim());
  });

  it('makes a key for what is named, which it then lists', async () => {
    const directory = await scratch();
    await cap(['keys', 'generate', '--keys', directory, '--owner', 'x', '--usage', 'backup']);
    const { out } = await cap(['keys', 'list', '--keys', directory, '--json']);
    expect(JSON.parse(out).keys).toMatchObject([{ usage: ['backup'] }]);
  });

  it('shows a key of a log or a witness as it stands in trust.json', async () => {
    const keys = ['--keys', await scratch()];
    const made = async (...usage: string[]) =>
      (await cap(['keys', 'generate', ...keys, '--owner', 'x', ...usage])).out.trim();
    const shown = async (kid: string, name: string) => {
      const { code, out } = await cap(['keys', 'show', kid, ...keys, '--note-name', name, '--json']);
      return { code, ...JSON.parse(out || '{}') };
    };
    const witness = await shown(await made('--usage', 'witness'), 'witness.example');
    expect(witness).toMatchObject({ code: 0, usage: ['witness'] });
    expect(witness).not.toHaveProperty('log_key');
    expect(parseVerifierKey(witness.witness_key)).toMatchObject({ type: 'cosignature/v1', name: 'witness.example' });
    const log = await shown(await made('--usage', 'log'), 'log.example/cap');
    expect(parseVerifierKey(log.log_key)).toMatchObject({ type: 'ed25519', name: 'log.example/cap' });
    expect(publicKeyText(parseVerifierKey(log.log_key).publicKey)).toBe(log.public_key);
    expect((await shown(await made(), 'log.example/cap')).code).toBe(64);
    expect((await shown(log.kid, 'log example')).code).toBe(65);
  });

  it('ends with 66 for a key that is not there, with 73 where it cannot write', async () => {
    const directory = await scratch();
    expect((await cap(['keys', 'show', 'f'.repeat(32), '--keys', directory])).code).toBe(66);
    const nowhere = path.join(directory, 'nowhere');
    expect(await cap(['keys', 'list', '--keys', nowhere])).toMatchObject({
      code: 66,
      out: '',
      err: expect.stringContaining(nowhere),
    });
    expect((await cap(['keys', 'list', '--keys', directory])).code).toBe(0);
    await writeFile(path.join(directory, 'file'), '');
    expect((await cap(['keys', 'generate', '--owner', 'x', '--keys', path.join(directory, 'file', 'keys')])).code).toBe(
      73,
    );
  });
});
