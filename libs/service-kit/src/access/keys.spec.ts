import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ConfigError } from '@cap/config';
import { greeter, Issuer, LogSink, temporaryDirectory } from '../greeter.fixture.js';
import { Logs } from '../logging/logs.js';
import { JwksKeySource, keysOfJwks, PemKeySource } from './keys.js';

const log = new Logs('test', { default: 'info', modules: new Map() }, new LogSink()).for('auth');

describe('a PEM file', () => {
  const file = path.join(temporaryDirectory(), 'public.pem');
  const reads = (pem: string) => {
    writeFileSync(file, pem);
    return () => new PemKeySource(file);
  };
  const pem = (key: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer }) =>
    key.export({ type: 'spki', format: 'pem' }) as string;

  it('is read again, and tells whether it changed', async () => {
    const [one, two] = [new Issuer('RS256'), new Issuer('ES256')];
    const source = reads(one.pem)();
    expect((await source.select('any kid', 'RS256'))?.algorithms).toEqual(['RS256', 'PS256']);
    expect(await source.select(undefined, 'ES256')).toBeNull();
    expect(await source.refresh()).toEqual({ changed: false });
    writeFileSync(file, two.pem);
    expect(await source.refresh()).toEqual({ changed: true });
    expect((await source.select(undefined, 'ES256'))?.algorithms).toEqual(['ES256']);
  });

  it('that turns bad leaves the key in use', async () => {
    const source = reads(new Issuer().pem)();
    writeFileSync(file, 'garbage');
    await expect(source.refresh()).rejects.toThrow(ConfigError);
    expect(await source.select(undefined, 'ES256')).not.toBeNull();
  });

  it.each([
    ['garbage', 'garbage'],
    ['a private key', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['RSA of 1024 bits', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    [
      'RSA with an exponent of 3',
      pem(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey),
    ],
    [
      'RSA with an exponent of 65535',
      pem(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 65535 }).publicKey),
    ],
    ['another curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['Ed25519', pem(generateKeyPairSync('ed25519').publicKey)],
    ['a key for agreement', pem(generateKeyPairSync('x25519').publicKey)],
  ])('refuses %s as configuration', (_name, text) => expect(reads(text)).toThrow(ConfigError));
});

describe('a published key set', () => {
  const [one, two, three] = [new Issuer('ES256', 'one'), new Issuer('ES256', 'two'), new Issuer('PS256', 'three')];
  let server: Server;
  let url: string;
  let answer: { status: number; body: string };
  let asked = 0;
  const publish = (...issuers: Issuer[]) =>
    (answer = { status: 200, body: JSON.stringify({ keys: issuers.map(({ jwk }) => jwk) }) });

  beforeAll(async () => {
    server = createServer((_request, response) => {
      asked++;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => void server.close());

  /** A source under a clock that the test turns. */
  const source = () => {
    const clock = { now: 1_000_000 };
    let changes = 0;
    const keys = new JwksKeySource(
      url,
      () => changes++,
      log,
      () => clock.now,
    );
    return { clock, keys, changes: () => changes };
  };

  it('is selected from by kid, not by place', async () => {
    publish(one, two, three);
    const { keys } = source();
    for (const { kid, algorithm, publicKey } of [one, two, three])
      expect((await keys.select(kid, algorithm))?.pem).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
    expect(await keys.select('two', 'PS256')).toBeNull();
    expect(await keys.select('three', 'RS256')).toBeNull(); // its set says PS256
    keys.close();
  });

  it('without a kid only where there is no choice', async () => {
    publish(one, two, three);
    const { keys } = source();
    expect((await keys.select(undefined, 'PS256'))?.kid).toBe('three');
    expect(await keys.select(undefined, 'ES256')).toBeNull();
    keys.close();
  });

  it('is read again for an unknown kid, but not more often than every 5 s', async () => {
    publish(one);
    const { clock, keys, changes } = source();
    await keys.refresh();
    publish(one, two);
    const before = asked;
    expect(await keys.select('two', 'ES256')).toBeNull();
    expect(asked).toBe(before);
    clock.now += 5_000;
    expect((await keys.select('two', 'ES256'))?.kid).toBe('two');
    expect(await keys.select('../../etc/passwd', 'ES256')).toBeNull();
    expect(await keys.select("' OR 1=1", 'ES256')).toBeNull();
    expect(asked).toBe(before + 1);
    expect(changes()).toBe(2);
    keys.close();
  });

  it('is asked once by many at a time', async () => {
    publish(one);
    const { keys } = source();
    const before = asked;
    await Promise.all(Array.from({ length: 20 }, () => keys.select('one', 'ES256')));
    expect(asked).toBe(before + 1);
    keys.close();
  });

  it('is read anew for a reload, though a reading is under way that may have come before the change', async () => {
    publish(one);
    const { keys } = source();
    const before = asked;
    const both = [keys.refresh(), keys.refreshAnew()];
    expect(await Promise.all(both)).toEqual([{ changed: true }, { changed: false }]);
    expect(asked).toBe(before + 2);
    keys.close();
  });

  it('a removed key is gone after the next reading', async () => {
    publish(one, two);
    const { keys, changes } = source();
    await keys.refresh();
    publish(two);
    expect(await keys.refresh()).toEqual({ changed: true });
    expect(await keys.select('one', 'ES256')).toBeNull();
    expect(changes()).toBe(2);
    expect(await keys.refresh()).toEqual({ changed: false });
    keys.close();
  });

  it.each([
    ['an error', { status: 500, body: '' }],
    ['no JSON', { status: 200, body: '<html>' }],
    ['no keys', { status: 200, body: '{"keys":[]}' }],
    ['megabytes', { status: 200, body: JSON.stringify({ keys: [one.jwk], filler: 'x'.repeat(1_100_000) }) }],
  ])('%s leaves the last good set in use for an hour', async (name, bad) => {
    publish(one);
    const { clock, keys } = source();
    await keys.refresh();
    expect(keys.missing()).toBeNull();
    answer = bad;
    await expect(keys.refresh()).rejects.toThrow();
    clock.now += 3_600_000;
    expect(await keys.select('one', 'ES256')).not.toBeNull();
    clock.now += 1;
    const late = keys.select('one', 'ES256');
    // A set that has no key says that the token is not a good one; anything else says nothing of the token.
    if (name === 'no keys') expect(await late).toBeNull();
    else await expect(late).rejects.toMatchObject({ code: 'auth.unavailable', status: 503 });
    expect(keys.missing()).toContain(url);
    keys.close();
  });

  it('keeps what is meant for signatures only', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({
      format: 'jwk',
    });
    const keys = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' },
      { ...one.jwk, use: 'enc', kid: 'encryption' },
      { ...one.jwk, alg: 'RS256', kid: 'wrong alg' },
      { ...one.jwk, key_ops: ['sign'], kid: 'key_ops without verify' },
      { ...one.jwk, key_ops: [], kid: 'no key_ops' },
      { ...one.jwk, key_ops: 'verify', kid: 'key_ops that are no list' },
      { ...one.jwk, use: 'enc', key_ops: ['verify'], kid: 'encryption all the same' },
      { ...rsa, kid: 'short' },
      { ...small, kid: 'small exponent' },
      { kty: 'OKP', crv: 'Ed25519', x: 'AA', kid: 'broken' },
      { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'Ed25519' },
      null,
      { ...one.jwk, alg: undefined, kid: 'good' },
      { ...one.jwk, use: undefined, key_ops: ['verify'], kid: 'good too' },
    ];
    expect(keysOfJwks({ keys }).map(({ kid }) => kid)).toEqual(['good', 'good too']);
    expect(() => keysOfJwks([])).toThrow('expected');
  });

  it('a service lets tokens of its keys in, and those of a removed key no longer, though they were cached', async () => {
    publish(one, two);
    const { service } = await greeter({ oauth: { public_key_path: undefined, jwks_url: url } });
    const ask = async (token: string) =>
      (
        await service.app.inject({
          method: 'POST',
          url: '/greetings',
          payload: { name: 'x' },
          headers: { authorization: `Bearer ${token}` },
        })
      ).statusCode;
    const token = await one.token();
    expect(await ask(token)).toBe(201);
    expect(await ask(await two.token())).toBe(201);
    publish(two);
    const { config } = (await import('@cap/config')).loadConfig({ role: 'registry', document: {} });
    await service.reload(config);
    expect(await ask(token)).toBe(401);
    expect(await ask(await two.token())).toBe(201);
    await service.stop();
  });

  it('an unknown key is unknown only while the set can be read', async () => {
    publish(one);
    const { clock, keys } = source();
    await keys.refresh();
    answer = { status: 500, body: '' };
    expect(await keys.select('two', 'ES256')).toBeNull();
    clock.now += 5_000;
    const unavailable = { code: 'auth.unavailable', status: 503, retryAfter: 5 };
    await expect(keys.select('two', 'ES256')).rejects.toMatchObject(unavailable);
    await expect(keys.select('two', 'ES256')).rejects.toMatchObject(unavailable);
    expect((await keys.select('one', 'ES256'))?.kid).toBe('one');
    // Of no use with any set.
    for (const algorithm of ['none', 'HS256', undefined]) expect(await keys.select('two', algorithm)).toBeNull();
    publish(one, two);
    clock.now += 5_000;
    expect((await keys.select('two', 'ES256'))?.kid).toBe('two');
    keys.close();
  });

  it('a service that can not read it answers 503 to tokens that it could check with it, 401 to others', async () => {
    answer = { status: 503, body: '' };
    const { service, log } = await greeter({ oauth: { public_key_path: undefined, jwks_url: url } });
    const ask = (token: string) =>
      service.app.inject({
        method: 'POST',
        url: '/greetings',
        payload: { name: 'x' },
        headers: { authorization: `Bearer ${token}` },
      });
    const refused = await ask(await one.token());
    expect([refused.statusCode, refused.json().code, refused.headers['retry-after']]).toEqual([
      503,
      'auth.unavailable',
      '5',
    ]);
    expect(refused.headers['www-authenticate']).toBeUndefined();
    expect(log.find('a token was refused')).toHaveLength(0);
    for (const token of ['a.b.c', await one.token({}, { jku: url }), await one.token({}, { typ: 'logout+jwt' })])
      expect((await ask(token)).json().code).toBe('auth.invalid');
    await service.stop();
  });

  it('a service without keys is not ready, and says so; it is once they are there', async () => {
    answer = { status: 503, body: '' };
    const { service } = await greeter({ oauth: { public_key_path: undefined, jwks_url: url } });
    const before = await service.app.inject('/readyz');
    expect(before.statusCode).toBe(503);
    expect(before.json()).toMatchObject({ missing: ['oauth-keys'] });
    publish(one);
    expect((await service.app.inject('/readyz')).statusCode).toBe(200);
    await service.stop();
  });
});
