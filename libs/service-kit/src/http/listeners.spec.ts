import { afterEach, describe, expect, it } from '@jest/globals';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { loadConfig, type LoadInput } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import supertest from 'supertest';
import { greeter, temporaryDirectory, testdata } from '../greeter.fixture.js';
import type { TestSettings } from '../index.js';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((service) => service.stop()))));

const start = async (
  document: Record<string, Record<string, unknown>> = {},
  input: Partial<LoadInput> = {},
  tests: TestSettings = {},
) => {
  const running = await greeter(document, { input, tests });
  open.push(running.service);
  return { ...running, ...(await running.service.listen()) };
};
/** Certificate files of their own, which a test can replace. */
const certificateFiles = () => {
  const directory = temporaryDirectory();
  const files = { cert: path.join(directory, 'tls.crt'), key: path.join(directory, 'tls.key') };
  const put = (name: 'first' | 'second') => {
    copyFileSync(testdata(`${name}.crt`), files.cert);
    copyFileSync(testdata(`${name}.key`), files.key);
  };
  put('first');
  return { files, put };
};
const withTls = (files: { cert: string; key: string }, more = {}) =>
  ({
    server: { bind: '127.0.0.1:0', management_bind: '127.0.0.1:0' },
    tls: { mode: 'tls', ...files, ...more },
  }) as const;

/** GET over HTTP or HTTPS, trusting the test certificates. */
const get = (url: string): Promise<{ status: number; body: string; peer?: DetailedPeerCertificate }> =>
  new Promise((resolve, reject) => {
    const secure = url.startsWith('https:');
    const ca = [readFileSync(testdata('first.crt')), readFileSync(testdata('second.crt'))];
    const request = (secure ? httpsRequest : httpRequest)(
      url,
      { agent: false, ...(secure ? { ca } : {}) },
      (response) => {
        const peer = secure
          ? (response.socket as unknown as { getPeerCertificate(): DetailedPeerCertificate }).getPeerCertificate()
          : undefined;
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode!, body, ...(peer ? { peer } : {}) }));
      },
    );
    request.on('error', reject);
    request.end();
  });
const statusOf = async (url: string) => (await get(url)).status;

describe('without TLS', () => {
  it('one listener serves API and management', async () => {
    const { management, api } = await start();
    expect(api).toBe(management);
    await supertest(api).get('/open/you').expect(200, { hello: 'you' });
    await supertest(api).get('/healthz').expect(200);
    await supertest(api).get('/readyz').expect(200);
    await supertest(api)
      .get('/metrics')
      .expect(200)
      .expect(/cap_build_info/);
  });

  it('--bind gives the API a listener of its own', async () => {
    const { management, api } = await start({}, { flags: [{ flag: 'bind', key: 'server.bind', text: '127.0.0.1:0' }] });
    expect(api).not.toBe(management);
    expect(await statusOf(`${api}/open/you`)).toBe(200);
    expect(await statusOf(`${api}/healthz`)).toBe(200);
    for (const url of [`${api}/metrics`, `${api}/readyz`, `${management}/open/you`, `${management}/greetings`]) {
      const { status, body } = await get(url);
      expect([url, status, JSON.parse(body).code]).toEqual([url, 404, 'route.unknown']);
    }
    expect(await statusOf(`${management}/metrics`)).toBe(200);
  });

  it("a file's server.bind is served as well", async () => {
    const { management, api } = await start({ server: { bind: '127.0.0.1:0', management_bind: '127.0.0.1:0' } });
    expect(api).not.toBe(management);
    expect([
      await statusOf(`${api}/open/you`),
      await statusOf(`${management}/open/you`),
      await statusOf(`${api}/metrics`),
    ]).toEqual([200, 200, 404]);
  });

  it('an address that is taken is a listening error', async () => {
    const { management } = await start();
    const second = await greeter({ server: { management_bind: new URL(management).host } });
    open.push(second.service);
    await expect(second.service.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('with TLS', () => {
  it('the API is served over TLS, management stays plain', async () => {
    const { management, api } = await start(withTls(certificateFiles().files));
    expect(api).toMatch(/^https:/);
    expect(management).toMatch(/^http:/);
    expect((await get(`${api}/open/you`)).peer?.subject.CN).toBe('first.test');
    expect(await statusOf(`${management}/readyz`)).toBe(200);
    expect(await statusOf(`${management}/open/you`)).toBe(404);
    expect(await statusOf(`${api}/metrics`)).toBe(404);
    await expect(get(api.replace('https:', 'http:'))).rejects.toThrow();
  });

  const handshake = (api: string, version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3', ciphers = 'DEFAULT@SECLEVEL=0') =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(api);
      const options = {
        host: hostname,
        port: Number(port),
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ciphers,
      };
      const socket = connect(options, () => {
        resolve(socket.getProtocol()!);
        socket.destroy();
      });
      socket.on('error', reject);
    });

  it('takes TLS 1.2 and 1.3, nothing older', async () => {
    const { api } = await start(withTls(certificateFiles().files));
    expect(await handshake(api, 'TLSv1.2')).toBe('TLSv1.2');
    expect(await handshake(api, 'TLSv1.3')).toBe('TLSv1.3');
    await expect(handshake(api, 'TLSv1.1')).rejects.toThrow();
  });

  it('or 1.3 alone', async () => {
    const { api } = await start(withTls(certificateFiles().files, { min_version: '1.3' }));
    await expect(handshake(api, 'TLSv1.2')).rejects.toThrow();
    expect(await handshake(api, 'TLSv1.3')).toBe('TLSv1.3');
  });

  // With an RSA certificate, so that nothing but the list of ciphers stands against RSA key exchange.
  const rsa = { cert: testdata('rsa.crt'), key: testdata('rsa.key') };

  it('of TLS 1.2 takes only what keeps its secrets when the key of the certificate is lost', async () => {
    const { api } = await start(withTls(rsa));
    for (const cipher of ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'])
      expect(await handshake(api, 'TLSv1.2', cipher)).toBe('TLSv1.2');
    for (const cipher of ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA', 'kRSA', 'ECDHE-RSA-AES128-SHA256'])
      await expect(handshake(api, 'TLSv1.2', `${cipher}:@SECLEVEL=0`)).rejects.toThrow();
  });

  it('and calls nobody with less', async () => {
    await start();
    const called = async (ciphers: string) => {
      const pair = { cert: readFileSync(rsa.cert), key: readFileSync(rsa.key) };
      const server = createHttpsServer({ ...pair, maxVersion: 'TLSv1.2', ciphers }, (_request, response) => {
        response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const registry = new RegistryClient({ url, ca: pair.cert.toString(), retries: 0 });
      const outcome = [
        await fetch(url).catch((error: Error) => (error.cause as NodeJS.ErrnoException).code),
        await registry.status().catch((error: Error) => error.message),
      ];
      await registry.close();
      await new Promise((resolve) => server.close(resolve));
      return outcome;
    };
    expect(await called('AES128-GCM-SHA256')).toEqual([
      expect.stringContaining('HANDSHAKE_FAILURE'),
      expect.stringContaining('handshake failure'),
    ]);
    // The handshake is made: fetch trusts no certificate of the tests, the registry's client has the answer.
    expect(await called('ECDHE-RSA-AES128-GCM-SHA256')).toEqual([
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      expect.stringContaining('answered 404'),
    ]);
  });

  it('a reload brings the new certificate, and a broken one leaves the old in use', async () => {
    const { files, put } = certificateFiles();
    const { api, service, document, log } = await start(withTls(files));
    const again = () => loadConfig({ role: 'verifier', document }).config;
    put('second');
    expect(await service.reload(again())).toBe(true);
    expect((await get(`${api}/open/you`)).peer?.subject.CN).toBe('second.test');
    for (const key of ['first.key', 'rsa.key']) {
      copyFileSync(testdata(key), files.key); // no longer the certificate's key
      expect(await service.reload(again())).toBe(false);
      expect((await get(`${api}/open/you`)).peer?.subject.CN).toBe('second.test');
    }
    expect(log.find('not reloaded, the old one stays in use')[1]).toMatchObject({
      what: 'certificate',
      error: { message: expect.stringMatching(/tls\.crt.*tls\.key \(the key \(rsa\) is not that of the certificate/) },
    });
  });

  it('files that change are taken into use without a signal; wrong ones are told once', async () => {
    const { files, put } = certificateFiles();
    const { api, log } = await start(withTls(files), {}, { certificateLookMs: 20 });
    const complaint = "the certificate files changed and can't be used, the old certificate stays in use";
    const until = async (condition: () => boolean | Promise<boolean>) => {
      const deadline = Date.now() + 5_000;
      while (!(await condition())) {
        if (Date.now() > deadline) throw new Error('still not so');
        await pause(10);
      }
    };
    const subject = async () => (await get(`${api}/open/you`)).peer?.subject.CN;
    put('second');
    await until(async () => (await subject()) === 'second.test');
    expect(log.find('the certificate was renewed')).toHaveLength(1);

    copyFileSync(testdata('first.key'), files.key); // no longer the certificate's key
    await until(() => log.find(complaint).length > 0);
    await pause(100);
    expect(log.find(complaint)).toMatchObject([
      { level: 'error', error: { message: expect.stringContaining('tls.crt') } },
    ]);
    expect(await subject()).toBe('second.test');

    copyFileSync(testdata('rsa.key'), files.key); // not even of the certificate's type
    await until(() => log.find(complaint).length > 1);
    expect(await subject()).toBe('second.test');

    rmSync(files.cert);
    await until(() => log.find(complaint).length > 2);
    put('first');
    await until(async () => (await subject()) === 'first.test');
    expect(log.find(complaint)).toHaveLength(3);
    expect(log.find('the certificate was renewed')).toHaveLength(2);
  });

  it('a certificate and a key that do not belong together are a configuration error', async () => {
    for (const key of ['second.key', 'rsa.key'])
      await expect(greeter(withTls({ cert: testdata('first.crt'), key: testdata(key) }))).rejects.toMatchObject({
        exit: 78,
        message: expect.stringMatching(new RegExp(`first\\.crt.*${key}`)),
      });
    const { files } = certificateFiles();
    writeFileSync(files.cert, 'garbage');
    await expect(greeter(withTls(files))).rejects.toMatchObject({ exit: 78 });
  });
});

describe('bytes that are no request', () => {
  const talk = (url: string, bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connectTcp(Number(port), hostname, () => socket.write(bytes));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', (error: NodeJS.ErrnoException) => (answer ? resolve(answer) : reject(error)));
    });
  const parse = (answer: string) => ({
    status: Number(answer.split(' ')[1]),
    code: (JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { code: string }).code,
  });

  it.each([
    ['garbage', 'garbage\r\n\r\n', 400, 'request.schema'],
    ['huge headers', `GET / HTTP/1.1\r\nhost: x\r\nx-filler: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'request.too-large'],
    [
      'a token larger than the header limit',
      `GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${'x'.repeat(40_000)}\r\n\r\n`,
      401,
      'auth.invalid',
    ],
  ])('%s is answered as a problem', async (_name, bytes, status, code) => {
    const { api } = await start();
    expect(parse(await talk(api, bytes))).toEqual({ status, code });
    expect(await statusOf(`${api}/healthz`)).toBe(200);
  });

  it('behind a request are not answered in its place', async () => {
    const { api, stage } = await start();
    const answer = talk(api, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\ngarbage\r\n\r\n');
    await stage.entered.promise;
    await pause(50);
    stage.release.resolve();
    expect((await answer).match(/HTTP\/1\.1 \d+|{"done":true}/g)).toEqual(['HTTP/1.1 200', '{"done":true}']);
  });
});
