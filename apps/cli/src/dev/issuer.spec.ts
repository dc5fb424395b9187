import { createPublicKey } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { cap, NOW, scratch } from '../cli.fixture.js';

describe('cap dev', () => {
  it('makes an issuer, and tokens that its public key and its JWKS verify', async () => {
    const directory = path.join(await scratch(), 'issuer');
    expect((await cap(['dev', 'issuer', '--out', directory, '--iss', 'https://auth.example.com'])).code).toBe(0);
    expect((await stat(path.join(directory, 'private.pem'))).mode & 0o777).toBe(0o600);

    const { code, out } = await cap([
      ...['dev', 'token', '--issuer', directory, '--scope', 'verify:read  policy:write', '--sub', 'erp'],
      ...['--expires-in', '60'],
    ]);
    expect(code).toBe(0);
    const expected = { issuer: 'https://auth.example.com', audience: 'cap-verifier', currentDate: NOW };
    const publicKey = createPublicKey(await readFile(path.join(directory, 'public.pem')));
    const { payload } = await jwtVerify(out.trim(), publicKey, expected);
    expect(payload).toMatchObject({ scope: 'verify:read policy:write', sub: 'erp' });
    expect(payload.exp! - payload.iat!).toBe(60);
    const jwks = createLocalJWKSet(JSON.parse(await readFile(path.join(directory, 'jwks.json'), 'utf8')));
    await expect(jwtVerify(out.trim(), jwks, expected)).resolves.toBeDefined();
    await expect(jwtVerify(out.trim(), publicKey, { ...expected, audience: 'other' })).rejects.toThrow();
  });

  it('writes a token to a file for its owner only, and says with --json where it is', async () => {
    const directory = await scratch();
    const [issuer, file] = [path.join(directory, 'issuer'), path.join(directory, 'token')];
    await cap(['dev', 'issuer', '--out', issuer]);
    const argv = ['dev', 'token', '--issuer', issuer, '--scope', 'verify:read', '--out', file];
    expect(await cap(argv)).toMatchObject({ code: 0, out: '' });
    const { out } = await cap([...argv, '--json']);
    expect(JSON.parse(out)).toEqual({ file, expires_at: '2025-11-06T11:00:00.000Z' });
    expect(await readFile(file, 'utf8')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('shows no private part in the JWKS', async () => {
    const directory = path.join(await scratch(), 'issuer');
    await cap(['dev', 'issuer', '--out', directory]);
    const { keys } = JSON.parse(await readFile(path.join(directory, 'jwks.json'), 'utf8'));
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toHaveProperty('d');
  });

  it('never replaces an issuer', async () => {
    const directory = path.join(await scratch(), 'issuer');
    await cap(['dev', 'issuer', '--out', directory]);
    const before = await readFile(path.join(directory, 'private.pem'));
    expect((await cap(['dev', 'issuer', '--out', directory])).code).toBe(73);
    expect(await readFile(path.join(directory, 'private.pem'))).toEqual(before);
  });

  it('says 66 when there is no issuer', async () => {
    expect((await cap(['dev', 'token', '--scope', 'x', '--issuer', path.join(await scratch(), 'none')])).code).toBe(66);
  });
});
