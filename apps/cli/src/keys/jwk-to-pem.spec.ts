import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cap, scratch } from '../cli.fixture.js';

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed: generateKeyPairSync('ed25519'),
};
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const toPem = (document: unknown, ...more: string[]) =>
  cap(['keys', 'jwk-to-pem', '-', ...more], { stdin: JSON.stringify(document) });

describe('cap keys jwk-to-pem', () => {
  it.each(Object.entries(pairs))('writes the PEM of a key of type %s', async (_, { publicKey }) => {
    const { code, out } = await toPem(jwk(publicKey));
    expect(code).toBe(0);
    expect(createPublicKey(out).equals(publicKey)).toBe(true);
  });

  it('chooses from a set by kid, wherever the key stands in it', async () => {
    const keys = [jwk(pairs.rsa.publicKey, { kid: 'old' }), jwk(pairs.ec.publicKey, { kid: 'new' })];
    const file = path.join(await scratch(), 'public.pem');
    for (const set of [keys, keys.toReversed()]) {
      const { code, out } = await toPem({ keys: set }, '--kid', 'new', '--out', file, '--json');
      expect([code, JSON.parse(out)]).toEqual([0, { file, kid: 'new', kty: 'EC' }]);
      expect(createPublicKey(await readFile(file)).equals(pairs.ec.publicKey)).toBe(true);
    }
    expect(await toPem({ keys })).toMatchObject({ code: 65, out: '', err: expect.stringContaining('old, new') });
    expect(await toPem({ keys }, '--kid', 'newer')).toMatchObject({ code: 65, out: '' });
  });

  it('leaves a private half out', async () => {
    const { out } = await toPem(jwk(pairs.ed.privateKey));
    expect(out).toContain('BEGIN PUBLIC KEY');
    expect(out).not.toContain('PRIVATE');
  });

  it.each([
    [null],
    [[]],
    [{}],
    [{ keys: [] }],
    [{ keys: [7] }],
    [{ kty: 'oct', k: 'c2VjcmV0' }],
    [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }],
  ])('calls %j malformed', async (document) => {
    const { code, out, err } = await toPem(document);
    expect([code, out]).toEqual([65, '']);
    expect(err).toMatch(/^cap: key\.malformed: stdin: /);
    expect(err).not.toContain('c2VjcmV0');
  });

  it('no such file is 66', async () => expect((await cap(['keys', 'jwk-to-pem', '/nowhere.json'])).code).toBe(66));
});
