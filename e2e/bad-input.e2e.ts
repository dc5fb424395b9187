import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cap } from '../scripts/local-stack.mjs';
import { rawZip } from './raw-zip.js';
import { example, POLICY } from './example-project.js';
import { call, postJson, postZip, upload, World } from './world.js';

let world: World;
let before: unknown;
const state = async () =>
  (await call(`${world.stack.registryUrl}/v1/status`, { token: world.stack.tokens.operator })).body;
beforeAll(async () => {
  world = await World.start();
  before = await state();
}, 120_000);
// Whatever was sent: nothing of it is kept, and the services go on.
afterAll(async () => {
  try {
    expect(await state()).toEqual(before);
    expect((await call(`${world.stack.verifierUrl}/readyz`)).status).toBe(200);
    for (const service of world.services) expect(service.log).not.toContain('"level":"error"');
  } finally {
    await world?.end();
  }
});

const META = { name: '_meta.json', bytes: Buffer.from('{}') };

describe('zips', () => {
  const ZIPS: [string, Buffer, status: number[]][] = [
    ['nothing', Buffer.alloc(0), [400]],
    ['text', Buffer.from('PK, but no zip'), [400]],
    ['an empty zip', rawZip([]), [400]],
    ['no _meta.json', rawZip([{ name: 'manifest.json', bytes: Buffer.from('{}') }]), [400]],
    ['_meta.json that is no JSON', rawZip([{ name: '_meta.json', bytes: Buffer.from('{') }]), [400]],
    ['a climbing name', rawZip([META, { name: '../../etc/passwd' }]), [400]],
    ['an absolute name', rawZip([META, { name: '/etc/passwd' }]), [400]],
    ['a backslash', rawZip([META, { name: 'a\\b' }]), [400]],
    ['a drive', rawZip([META, { name: 'C:evil' }]), [400]],
    ['two of one name', rawZip([META, META]), [400]],
    ['a symbolic link', rawZip([META, { name: 'link', mode: 0o120777 }]), [400]],
    ['an encrypted entry', rawZip([META, { name: 'a', flags: 1 }]), [400]],
    ['an unknown method', rawZip([META, { name: 'a', method: 99 }]), [400]],
    ['another name in the local header', rawZip([META, { name: 'a', localName: 'b' }]), [400]],
    [
      'fewer bytes than it unpacks to',
      rawZip([META, { name: 'a', bytes: Buffer.alloc(1000, 1), size: 10 }]),
      [400, 413],
    ],
    ['a wrong checksum', rawZip([META, { name: 'a', bytes: Buffer.from('x'), crc: 1 }]), [400]],
    ['data before it', rawZip([META], { leading: 'MZ' }), [400]],
    ['data after it', rawZip([META], { trailing: 'more' }), [400]],
    ['a bomb', rawZip([META, { name: 'zeros', bytes: Buffer.alloc(20_000_000) }]), [413]],
    [
      'too many entries',
      rawZip([META, ...Array.from({ length: 10_001 }, (_, i) => ({ name: `f${i}`, method: 0 }))]),
      [413],
    ],
  ];

  it.each(ZIPS)('%s: the same refusal from verify and upload', async (_, bytes, status) => {
    const verified = await postZip(`${world.stack.verifierUrl}/verify`, world.token, bytes);
    const uploaded = await upload(world.stack, world.token, bytes);
    for (const answer of [verified, uploaded]) {
      expect(status).toContain(answer.status);
      expect(answer.body.code).toMatch(/^bundle\.(unreadable|limit)$/);
      expect(answer.body.detail.length).toBeGreaterThan(10);
    }
    expect(uploaded.body.code).toBe(verified.body.code);
  });

  it.each(ZIPS)('%s: exit 65 from the command line', async (_, bytes) => {
    const file = path.join(world.project.directory, 'bad.zip');
    await writeFile(file, bytes);
    const { code, stderr, stdout } = await cap(['verify', file, '--json']);
    expect([code, JSON.parse(stdout).error.exit]).toEqual([65, 65]);
    expect(JSON.parse(stdout).error.code).toMatch(/^bundle\./);
    expect(stderr).toContain('bundle.');
  });
});

describe('JSON and YAML', () => {
  const url = (route: string) => `${world.stack.verifierUrl}${route}`;
  const deep = '['.repeat(100_000);
  const JSONS = [
    '',
    'null',
    '7',
    '"text"',
    '[]',
    '{}',
    '{',
    '{"a":1,}',
    deep,
    '{"__proto__":{"admin":true}}',
    '\ufeff{}',
    '1e999',
  ];
  const ROUTES = ['/verify', '/policy/compile', '/policy/v2/compile', '/lists'];
  it.each(ROUTES.flatMap((route) => JSONS.map((body): [string, string] => [route, body])))(
    'POST %s %p',
    async (route, body) => {
      const answer = await postJson(url(route), world.token, body);
      expect([400, 422]).toContain(answer.status);
      expect(answer.body.code).toMatch(/^(request\.schema|policy\.invalid)$/);
      expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
    },
  );

  it.each([
    'a: &a [x]\nb: [*a, *a]',
    `a: &a0 [x]\n${Array.from({ length: 20 }, (_, i) => `b${i}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`,
    'a: !!js/function "x"',
    'a: 1\na: 2',
    'a: [',
    '\t- x',
    'id: x\nrules: 7',
  ])('YAML %p', async (yaml) => {
    const policy_yaml = Buffer.from(yaml).toString('base64');
    const answer = await postJson(url('/policy/v2/compile'), world.token, { policy_yaml, persist: true });
    expect([answer.status, answer.body.code]).toEqual([422, 'policy.invalid']);
    const file = path.join(world.project.directory, 'bad.yaml');
    await writeFile(file, yaml);
    expect((await cap(['policy', 'validate', file])).code).toBe(65);
  });

  it('bytes that are not UTF-8, a media type that is not taken, a body that is too large', async () => {
    const init = { method: 'POST', token: world.token };
    const latin = await call(url('/verify'), {
      ...init,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{"bundle_id":"\xff"}', 'latin1'),
    });
    expect([latin.status, latin.body.code]).toEqual([400, 'request.schema']);
    const text = await call(url('/verify'), { ...init, headers: { 'content-type': 'text/plain' }, body: 'x' });
    expect([text.status, text.body.code]).toEqual([415, 'request.media-type']);
    const large = await postJson(url('/verify'), world.token, `"${'x'.repeat(10_000_001)}"`);
    expect([large.status, large.body.code]).toEqual([413, 'request.too-large']);
  });
});

describe('CSV', () => {
  it('names every bad row of both lists at once and writes nothing', async () => {
    const directory = world.project.directory;
    const suppliers = path.join(directory, 'bad-suppliers.csv');
    const ubos = path.join(directory, 'bad-ubos.csv');
    await writeFile(suppliers, 'name,jurisdiction,tier\nA,DE,1\nB,XX,1\nC,DE,none\n"D,DE,1\n');
    await writeFile(ubos, 'name,birthdate,citizenship\nE,1990-02-30,DE\n');
    const out = path.join(directory, 'never');
    const run = await cap(['prepare', '--suppliers', suppliers, '--ubos', ubos, '--out', out]);
    expect(run.code).toBe(65);
    expect(run.stderr).toContain('bad-ubos.csv:2');
    expect(run.stderr).toContain('bad-suppliers.csv');
    await expect(readFile(path.join(out, 'commitments.json'))).rejects.toThrow();
    const missing = await cap(['prepare', '--suppliers', '/nowhere.csv', '--ubos', example('ubos.csv'), '--out', out]);
    expect(missing.code).toBe(66);
  });
});

describe('tokens', () => {
  const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'cap-dev-issuer',
    aud: 'cap-verifier',
    sub: 'x',
    iat: now,
    exp: now + 600,
    scope: 'verify:read',
  };
  const hmac = (header: object, body: object, key: string | Buffer) => {
    const text = `${base64url(header)}.${base64url(body)}`;
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };

  it('that the issuer did not make are refused in every spelling', async () => {
    const pem = await readFile(path.join(world.stack.issuer, 'public.pem'));
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const text = `${base64url({ alg: 'RS256' })}.${base64url(claims)}`;
    const [head, body, signature] = world.token.split('.') as [string, string, string];
    const tokens: Record<string, string> = {
      none: `${base64url({ alg: 'none' })}.${base64url(claims)}.`,
      'None with a signature': `${base64url({ alg: 'None' })}.${base64url(claims)}.${signature}`,
      'HS256 with the public key': hmac({ alg: 'HS256' }, claims, pem),
      'another key': `${text}.${sign('RSA-SHA256', Buffer.from(text), stranger).toString('base64url')}`,
      'more rights, old signature': `${head}.${base64url({ ...claims, scope: 'policy:write' })}.${signature}`,
      'a key of its own': `${base64url({ alg: 'RS256', jku: 'http://127.0.0.1:9/jwks' })}.${body}.${signature}`,
      'four parts': `${world.token}.${signature}`,
      garbage: 'a.b.c',
      'a long one': `${head}.${'A'.repeat(12_000)}.${signature}`,
    };
    for (const [name, token] of Object.entries(tokens)) {
      const answer = await call(`${world.stack.verifierUrl}/registry/entries`, { token });
      expect([name, answer.status, answer.body.code]).toEqual([name, 401, 'auth.invalid']);
    }
    const missing = await postJson(`${world.stack.verifierUrl}/verify`, undefined, await readFile(POLICY, 'utf8'));
    expect([missing.status, missing.body.code]).toEqual([401, 'auth.missing']);
  });

  it('with too little scope, out of time or for somebody else are told apart', async () => {
    const entries = `${world.stack.verifierUrl}/registry/entries`;
    const narrow = await call(entries, { token: await world.stack.token('policy:write') });
    expect([narrow.status, narrow.body.code]).toEqual([403, 'auth.scope']);
    const verifierRoute = await call(`${world.stack.registryUrl}/v1/entries`, { token: world.token });
    expect([verifierRoute.status, verifierRoute.body.code]).toEqual([401, 'auth.invalid']);
  });
});
