import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { loadConfig } from '@cap/config';
import { Controller, Get, Module } from '@nestjs/common';
import { CLIENT_TOKENS, type Greeter, greeter, Issuer } from '../greeter.fixture.js';
import type { ServiceParts } from '../index.js';
import { Clients, Public, Scopes } from './access.decorators.js';

const issuers = { ES256: new Issuer('ES256'), PS256: new Issuer('PS256'), RS256: new Issuer('RS256') };
const now = () => Math.floor(Date.now() / 1000);
const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

let running: Greeter;
const issuer = issuers.ES256;
beforeAll(async () => void (running = await greeter({}, { issuer })));
afterAll(() => running.service.stop());

const greet = async (authorization: string | undefined, name = 'you', at: Greeter = running) => {
  const answer = await at.service.app.inject({
    method: 'POST',
    url: '/greetings',
    payload: { name },
    headers: authorization === undefined ? {} : { authorization },
  });
  const body = answer.json<{ code?: string; subject?: string }>();
  return {
    status: answer.statusCode,
    code: body.code,
    subject: body.subject,
    challenge: answer.headers['www-authenticate'],
  };
};
const greetWith = (token: string, name?: string) => greet(`Bearer ${token}`, name);
const failures = async () =>
  (await running.metrics.getSingleMetric('cap_auth_token_validation_failures_total')!.get()).values[0]!.value;

describe('access tokens', () => {
  it.each(['ES256', 'PS256', 'RS256'] as const)('%s by the type of the key', async (algorithm) => {
    const service = await greeter({}, { issuer: issuers[algorithm] });
    const token = await issuers[algorithm].token();
    expect(await greet(`Bearer ${token}`, 'you', service)).toMatchObject({
      status: 201,
      subject: 'https://issuer.test#auditor',
    });
    // The two others sign with keys that this service does not have.
    for (const other of Object.values(issuers))
      if (other.algorithm !== algorithm)
        expect((await greet(`Bearer ${await other.token()}`, 'you', service)).status).toBe(401);
    await service.service.stop();
  });

  it('an RSA key verifies RS256 and PS256, and no key another algorithm of its type', async () => {
    const { privateKey } = issuers.RS256;
    const rsa = await greeter({}, { issuer: issuers.RS256 });
    const [header, payload] = (await issuers.RS256.token()).split('.') as [string, string];
    const signed = (alg: string, options: object) => {
      const text = `${base64({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), alg })}.${payload}`;
      return `${text}.${sign(`sha${alg.slice(2)}`, Buffer.from(text), { key: privateKey, ...options }).toString('base64url')}`;
    };
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    const status = async (token: string) => (await greet(`Bearer ${token}`, 'you', rsa)).status;
    expect(await status(signed('RS256', {}))).toBe(201);
    expect(await status(signed('PS256', pss))).toBe(201);
    expect(await status(signed('PS256', {}))).toBe(401);
    expect(await status(signed('RS512', {}))).toBe(401);
    expect(await status(signed('PS512', pss))).toBe(401);
    await rsa.service.stop();
  });

  it('401 for EdDSA, though the key is that of the issuer', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const payload = (await issuer.token()).split('.')[1]!;
    const text = `${base64({ alg: 'EdDSA', kid: issuer.kid })}.${payload}`;
    expect((await greetWith(`${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`)).status).toBe(
      401,
    );
  });

  it('401 auth.missing without one', async () => {
    expect(await greet(undefined)).toMatchObject({
      status: 401,
      code: 'auth.missing',
      challenge: 'Bearer realm="cap"',
    });
  });

  it('a good one passes, warm or cold', async () => {
    const token = await issuer.token();
    expect((await greetWith(token)).status).toBe(201);
    expect((await greetWith(token)).status).toBe(201);
    expect((await greet(`bearer ${token}`)).status).toBe(201);
  });

  it.each([
    ['exp one minute ago', { exp: now() - 60 }],
    ['no exp', { exp: undefined }],
    ['nbf in a minute', { nbf: now() + 60 }],
    ['another issuer', { iss: 'https://issuer.test.evil' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'cap-verifier2' }],
    ['no audience', { aud: undefined }],
    ['exp that is a text', { exp: '9999999999' }],
    ['iat that is a text', { iat: '1' }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject that is no text', { sub: 7 }],
  ])('401 auth.invalid for %s', async (_name, claims) => {
    const before = await failures();
    expect(await greetWith(await issuer.token(claims))).toMatchObject({
      status: 401,
      code: 'auth.invalid',
      challenge: 'Bearer realm="cap", error="invalid_token"',
    });
    expect(await failures()).toBe(before + 1);
  });

  it('accepts a list of audiences with ours in it, and exp within the tolerance', async () => {
    expect((await greetWith(await issuer.token({ aud: ['other', 'cap-verifier'] }))).status).toBe(201);
  });

  it.each([
    ['jku', { jku: 'https://evil.test/jwks' }],
    ['x5u', { x5u: 'https://evil.test/x' }],
    ['jwk', { jwk: { kty: 'OKP' } }],
    ['x5c', { x5c: ['AA'] }],
    ['an unknown crit', { crit: ['cap-test'], 'cap-test': 1 }],
    ['a kid that is a path', { kid: '../../etc/passwd', typ: 'at+jwt', jku: '' }],
    ['the typ of an ID token of another kind', { typ: 'logout+jwt' }],
  ])('401 for %s in the header, though the signature is right', async (_name, header) => {
    expect(await greetWith(await issuer.token({}, header))).toMatchObject({ status: 401, code: 'auth.invalid' });
  });

  it.each([
    ['JWT'],
    ['jwt'],
    ['Jwt'],
    ['application/jwt'],
    ['at+jwt'],
    ['AT+JWT'],
    ['application/at+jwt'],
    ['Application/AT+JWT'],
  ])('typ %s is that of an access token (RFC 7515, 4.1.9)', async (typ) => {
    expect((await greetWith(await issuer.token({}, { typ }))).status).toBe(201);
  });

  it.each([['dpop+jwt'], ['text/jwt'], ['application/application/jwt'], ['JWT '], ['']])(
    'typ %j is not',
    async (typ) => {
      expect((await greetWith(await issuer.token({}, { typ }))).status).toBe(401);
    },
  );

  it.each(['none', 'None', 'NONE', 'nOnE'])('401 for alg %s', async (alg) => {
    const payload = (await issuer.token()).split('.')[1]!;
    for (const signature of ['', 'AA'])
      expect((await greetWith(`${base64({ alg })}.${payload}.${signature}`)).status).toBe(401);
  });

  it('401 for HS256 with the public key as secret', async () => {
    const service = await greeter({}, { issuer: issuers.RS256 });
    const payload = (await issuers.RS256.token()).split('.')[1]!;
    for (const secret of [
      issuers.RS256.pem,
      issuers.RS256.pem.trim(),
      issuers.RS256.publicKey.export({ type: 'spki', format: 'der' }),
    ]) {
      const signed = `${base64({ alg: 'HS256', typ: 'JWT' })}.${payload}`;
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      expect((await greet(`Bearer ${token}`, 'you', service)).status).toBe(401);
    }
    await service.service.stop();
  });

  it('401 for changed, cut, doubled and oversized tokens', async () => {
    const token = await issuer.token();
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const scope = base64({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), scope: 'policy:write' });
    const others = [
      `${header}.${scope}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${token}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${'A'.repeat(1_000_000)}.${payload}.${signature}`,
      '..',
      'no-token',
    ];
    for (const other of others) expect(await greetWith(other)).toMatchObject({ status: 401, code: 'auth.invalid' });
    for (const authorization of [token, `Basic ${token}`, `Bearer  ${token}`, `Bearer ${token} ${token}`, 'Bearer', ''])
      expect((await greet(authorization)).status).toBe(401);
    expect((await greetWith(token)).status).toBe(201);
  });

  it('a failure is not kept: the same token passes once the key is the right one', async () => {
    const [before, after] = [new Issuer(), new Issuer()];
    const { service, document } = await greeter({}, { issuer: before });
    const at = { service } as Greeter;
    const token = await after.token();
    expect((await greet(`Bearer ${token}`, 'you', at)).status).toBe(401);
    writeFileSync(before.file, after.pem);
    await service.reload(loadConfig({ role: 'verifier', document }).config);
    expect((await greet(`Bearer ${token}`, 'you', at)).status).toBe(201);
    expect((await greet(`Bearer ${await before.token()}`, 'you', at)).status).toBe(401);
    await service.stop();
  });

  it('the reason for a refusal is in the log, the token is not', async () => {
    const token = await issuer.token({ aud: 'somebody-else' });
    await greetWith(token);
    const [line] = running.log.find('a token was refused').slice(-1);
    expect(line).toMatchObject({ module: 'auth', route: '/greetings', reason: expect.stringContaining('aud') });
    expect(JSON.stringify(running.log.lines)).not.toContain(token.split('.')[1]);
  });

  it('the log says who sent a refused token; X-Forwarded-For counts from a trusted proxy alone', async () => {
    const forwarded = '203.0.113.7';
    for (const [trusted_proxies, client] of [
      [[], '127.0.0.1'],
      [['10.0.0.0/8'], '127.0.0.1'],
      [['127.0.0.0/8'], forwarded],
    ] as const) {
      const { service, log } = await greeter({ server: { trusted_proxies } });
      const headers = { authorization: 'Bearer a.b.c', 'x-forwarded-for': forwarded };
      await service.app.inject({ method: 'POST', url: '/greetings', payload: { name: 'you' }, headers });
      expect(log.find('a token was refused')).toEqual([expect.objectContaining({ client })]);
      await service.stop();
    }
  });
});

describe('scopes', () => {
  it.each([
    ['scope', { scope: 'openid verify:read' }, 201],
    ['scp as a list', { scope: undefined, scp: ['verify:read'] }, 201],
    ['none', { scope: undefined }, 403],
    ['another', { scope: 'verify:readonly policy:write' }, 403],
    ['an empty one', { scope: '' }, 403],
    ['a scope of a wrong type', { scope: 7 }, 403],
  ])('%s', async (_name, claims, status) => {
    const answer = await greetWith(await issuer.token(claims));
    expect(answer.status).toBe(status);
    if (status === 403)
      expect(answer).toMatchObject({
        code: 'auth.scope',
        challenge: 'Bearer error="insufficient_scope", scope="verify:read"',
      });
  });

  it('that depend on the content are asked by the handler', async () => {
    expect(await greetWith(await issuer.token(), 'persist')).toMatchObject({ status: 403, code: 'auth.scope' });
    expect((await greetWith(await issuer.token({ scope: 'verify:read policy:write' }), 'persist')).status).toBe(201);
  });

  it('of the configuration are asked of every token', async () => {
    const strict = await greeter({ oauth: { required_scopes: ['tenant:1'] } }, { issuer });
    expect((await greet(`Bearer ${await issuer.token()}`, 'you', strict)).status).toBe(403);
    expect((await greet(`Bearer ${await issuer.token({ scope: 'verify:read tenant:1' })}`, 'you', strict)).status).toBe(
      201,
    );
    await strict.service.stop();
  });
});

describe('internal clients', () => {
  const status = async (token: string | undefined, method: 'GET' | 'POST' = 'GET', url = '/v1/status') => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await running.service.app.inject({ method, url, headers });
    return [answer.statusCode, answer.json<{ code?: string }>().code];
  };

  it('pass where the route lists them', async () => {
    expect(await status(CLIENT_TOKENS.verifier)).toEqual([200, undefined]);
    expect(await status(CLIENT_TOKENS.backup)).toEqual([200, undefined]);
    expect(await status(CLIENT_TOKENS.operator)).toEqual([403, 'auth.scope']);
    expect(await status(undefined)).toEqual([401, 'auth.missing']);
    expect(await status(`${CLIENT_TOKENS.verifier}x`)).toEqual([401, 'auth.invalid']);
    expect(await status(await issuer.token({ scope: 'verify:read' }))).toEqual([401, 'auth.invalid']);
  });

  it('do not pass where only access tokens do', async () => {
    expect((await greetWith(CLIENT_TOKENS.verifier)).status).toBe(401);
  });

  it('or access tokens, where a route takes both', async () => {
    expect(await status(CLIENT_TOKENS.operator, 'POST', '/v1/backups')).toEqual([201, undefined]);
    expect(await status(await issuer.token({ scope: 'backup:run' }), 'POST', '/v1/backups')).toEqual([201, undefined]);
    expect(await status(await issuer.token(), 'POST', '/v1/backups')).toEqual([403, 'auth.scope']);
    expect(await status(CLIENT_TOKENS.verifier, 'POST', '/v1/backups')).toEqual([403, 'auth.scope']);
  });
});

describe('the door stands before the body', () => {
  it('a stranger learns nothing of what a body should be', async () => {
    const answer = await running.service.app.inject({
      method: 'POST',
      url: '/greetings',
      payload: '{"broken',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.statusCode).toBe(401);
  });
});

describe('a route without a clear rule fails the start', () => {
  const startWith = (controller: new () => object, configure?: ServiceParts['configure']) => {
    @Module({ controllers: [controller] })
    class Broken {}
    return greeter({}, { parts: { module: () => Broken, configure } });
  };

  it('none', async () => {
    @Controller()
    class Forgotten {
      @Get('forgotten') get() {}
    }
    await expect(startWith(Forgotten)).rejects.toThrow('GET /forgotten has no access rule');
  });

  it('two that contradict each other', async () => {
    @Controller()
    class Torn {
      @Get('torn') @Public() @Scopes('verify:read') get() {}
    }
    await expect(startWith(Torn)).rejects.toThrow('GET /torn is public and asks for a token');
  });

  it('a route that a plugin adds', async () => {
    @Controller()
    class Empty {}
    await expect(
      startWith(Empty, (app) =>
        app
          .getHttpAdapter()
          .getInstance()
          .get('/plugin', () => 'x'),
      ),
    ).rejects.toThrow('GET /plugin has no access rule');
  });

  it('a rule on the controller is for its routes that have none', async () => {
    @Controller()
    @Clients('verifier')
    class Mixed {
      @Get('inner') inner() {
        return {};
      }
      @Get('outer') @Public() outer() {
        return {};
      }
    }
    const { service } = await startWith(Mixed);
    expect((await service.app.inject('/inner')).statusCode).toBe(401);
    expect((await service.app.inject('/outer')).statusCode).toBe(200);
    await service.stop();
  });
});
