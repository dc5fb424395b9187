import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { cap, capOk, freePort, type Service } from '../scripts/local-stack.mjs';
import { root } from './example-project.js';
import { call, World } from './world.js';

const certificate = (name: string) => path.join(root, 'libs/service-kit/testdata', name);
const fingerprint = async (name: string) => new X509Certificate(await readFile(certificate(name))).fingerprint256;

/** Fingerprint of the certificate that the listener shows; rejects when it speaks no TLS, or not this version. */
const shown = (port: number, maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') =>
  new Promise<string>((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      maxVersion,
      ...(maxVersion === 'TLSv1.1' ? { minVersion: 'TLSv1.1' as const, ciphers: 'ALL:@SECLEVEL=0' } : {}),
    });
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });

describe('TLS', () => {
  let world: World;
  let service: Service;
  let port: number;
  beforeAll(async () => {
    world = await World.start();
    const { stack } = world;
    await world.services.pop()!.stop();
    port = await freePort();
    for (const kind of ['crt', 'key'])
      await copyFile(certificate(`first.${kind}`), stack.at('certs', `server.${kind}`));
    service = await world.up(
      stack.start.verifier({
        args: [
          ...['--tls', '--tls-cert', stack.at('certs/server.crt'), '--tls-key', stack.at('certs/server.key')],
          ...['--bind', `127.0.0.1:${port}`],
        ],
        env: { CAP_ENVIRONMENT: 'production' },
      }),
    );
  }, 120_000);
  afterAll(() => world?.end());

  it('serves the API over TLS alone, health and metrics on the management listener alone', async () => {
    const verify = ['verify', world.project.bundle, '--url', `https://127.0.0.1:${port}`, '--json'];
    const env = { CAP_TOKEN: world.token, NODE_EXTRA_CA_CERTS: certificate('first.crt') };
    const verdict = JSON.parse((await capOk(verify, { env })).stdout) as { result: string; accepted: object };
    expect(verdict).toMatchObject({ result: 'ok', accepted: { allow_mock: false } });
    // A certificate that nobody vouches for is no connection.
    expect((await cap(verify, { env: { CAP_TOKEN: world.token } })).code).toBe(69);

    await expect(fetch(`http://127.0.0.1:${port}/verify`)).rejects.toThrow();
    const onManagement = await call(`${world.stack.verifierUrl}/registry/entries`, { token: world.token });
    expect([onManagement.status, onManagement.body.code]).toEqual([404, 'route.unknown']);
    expect((await call(`${world.stack.verifierUrl}/metrics`)).status).toBe(200);
  });

  it('refuses TLS 1.1, takes 1.2 and 1.3', async () => {
    await expect(shown(port, 'TLSv1.1')).rejects.toThrow();
    expect(await shown(port, 'TLSv1.2')).toBe(await fingerprint('first.crt'));
    expect(await shown(port)).toBe(await fingerprint('first.crt'));
  });

  it('shows the new certificate after SIGHUP, and keeps the old one when the new one is broken', async () => {
    const { stack } = world;
    for (const kind of ['crt', 'key'])
      await copyFile(certificate(`second.${kind}`), stack.at('certs', `server.${kind}`));
    process.kill(service.pid, 'SIGHUP');
    const second = await fingerprint('second.crt');
    const deadline = Date.now() + 10_000;
    while ((await shown(port)) !== second && Date.now() < deadline) await new Promise(setImmediate);
    expect(await shown(port)).toBe(second);

    await copyFile(certificate('first.key'), stack.at('certs/server.key'));
    process.kill(service.pid, 'SIGHUP');
    while (!service.log.includes('not reloaded') && Date.now() < deadline) await new Promise(setImmediate);
    expect(service.log).toContain('not reloaded');
    expect(await shown(port)).toBe(second);
  });
});
