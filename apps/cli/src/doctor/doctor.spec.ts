import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cap, scratch } from '../cli.fixture.js';
import { withService } from '../loopback.fixture.js';

const NOW = new Date('2026-11-06T10:00:00Z');
const ask = async (config: object | null, service: string, now = NOW) => {
  const directory = await scratch();
  const file = path.join(directory, 'app.yaml');
  if (config) await writeFile(file, JSON.stringify(config));
  const { code, out } = await cap(['doctor', '--service', service, '--config', file, '--json'], { now });
  const { findings } = JSON.parse(out) as { findings: { what: string; status: string; message: string }[] };
  return { code, of: Object.fromEntries(findings.map((finding) => [finding.what, finding])) };
};

describe('cap doctor', () => {
  it('looks at the machine when no service is named', async () => {
    const { code, out } = await cap(['doctor'], { now: NOW });
    expect(code).toBe(0);
    expect(out).toMatch(/^ok +Node\.js +v24/m);
    const wrong = await cap(['doctor'], { now: new Date('1970-01-01T00:00:00Z') });
    expect([wrong.code, wrong.out]).toEqual([2, expect.stringContaining("can't be right")]);
  });

  it('names a configuration that can not be used, and stops there', async () => {
    const { code, of } = await ask({ server: { bnd: 1 } }, 'verifier');
    expect([code, of.configuration!.status]).toEqual([2, 'fail']);
    expect(of.configuration!.message).toContain('server.bnd');
    expect(Object.keys(of)).toEqual(['Node.js', 'clock', 'configuration']);
    expect((await ask(null, 'verifier')).of.configuration!.message).toContain('app.yaml');
  });

  it('takes certificate and key as a service would', async () => {
    const cert = 'libs/service-kit/testdata/first.crt';
    const found = async (key: string, now = new Date('2027-01-01T00:00:00Z')) =>
      (await ask({ tls: { mode: 'tls', cert, key: `libs/service-kit/testdata/${key}` } }, 'registry', now)).of;
    expect((await found('first.key'))['TLS certificate']).toMatchObject({ status: 'ok' });
    for (const key of ['rsa.key', 'second.key'])
      expect((await found(key))['TLS certificate']).toMatchObject({
        status: 'fail',
        message: expect.stringMatching(new RegExp(`first\\.crt.*${key}`)),
      });
    const expired = await found('first.key', new Date('2226-01-01T00:00:00Z'));
    expect(expired['TLS certificate']!.status).toBe('fail');
  });

  it('says what a registry lacks', async () => {
    const directory = await scratch();
    const data = path.join(directory, 'data');
    await mkdir(data);
    const registry = { database: path.join(data, 'registry.db'), blobs: path.join(data, 'blobs'), bind: '127.0.0.1:9' };
    const { code, of } = await ask({ tls: { mode: 'disabled' }, registry }, 'registry');
    expect(code).toBe(1);
    expect(of).toMatchObject({
      'data directory': { status: 'ok', message: expect.stringContaining('GB free') },
      'BLOB directory': { status: 'warn', message: expect.stringContaining(`in ${data}, but it does not exist yet`) },
      clients: { status: 'warn' },
      'running service': { status: 'warn', message: expect.stringContaining('127.0.0.1:9') },
    });
    await mkdir(path.join(data, 'blobs'));
    expect((await ask({ registry }, 'registry')).of['BLOB directory']!.status).toBe('ok');
    const unmade = { ...registry, database: path.join(directory, 'nowhere', 'registry.db') };
    expect((await ask({ registry: unmade }, 'registry')).of['data directory']).toMatchObject({
      status: 'warn',
      message: expect.stringContaining(path.join(directory, 'nowhere')),
    });
    const nowhere = { ...registry, blobs: path.join(directory, 'file', 'blobs') };
    await writeFile(path.join(directory, 'file'), '');
    expect((await ask({ registry: nowhere }, 'registry')).of['BLOB directory']!.status).toBe('fail');
    const file = { ...registry, blobs: path.join(directory, 'file') };
    expect((await ask({ registry: file }, 'registry')).of['BLOB directory']!.status).toBe('fail');
  });

  it('asks database server and bucket of a registry, and looks for no directory then', async () => {
    const s3 = {
      bucket: 'blobs',
      region: 'eu',
      access_key_id: 'id',
      secret_access_key: 'secret',
      force_path_style: true,
    };
    const page = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
    const answer = { status: 200, body: Buffer.from(page) };
    await withService(
      () => answer,
      async (endpoint) => {
        const registry = { database: 'postgres://127.0.0.1:1/cap', blobs: { s3: { ...s3, endpoint } } };
        const { of } = await ask({ registry }, 'registry');
        expect(of['BLOB bucket']).toMatchObject({ status: 'ok', message: 'blobs' });
        expect(of.PostgreSQL).toMatchObject({ status: 'fail', message: expect.stringContaining('ECONNREFUSED') });
        expect(Object.keys(of)).not.toContain('data directory');
        expect(Object.keys(of)).not.toContain('BLOB directory');
        answer.status = 403;
        expect((await ask({ registry }, 'registry')).of['BLOB bucket']).toMatchObject({
          status: 'fail',
          message: expect.stringContaining('denies access'),
        });
      },
    );
  });

  it('asks the registry, reads the trust store and looks at the key of a backup worker', async () => {
    const directory = await scratch();
    const trust = path.join(directory, 'trust.json');
    await cap(['trust', 'init', '--out', trust]);
    const status = { version: '0.1.0', log_size: 7, head_digest: `0x${'0'.repeat(64)}`, entries: 0, blob_bytes: 0 };
    await withService(
      () => ({ status: 200, body: status }),
      async (url) => {
        const registry = { url, token: 'a-token-of-sixteen' };
        const issuer = path.join(directory, 'issuer');
        await cap(['dev', 'issuer', '--out', issuer]);
        const oauth = { issuer: 'i', audience: 'a', public_key_path: path.join(issuer, 'public.pem') };
        const { code, of } = await ask({ registry, oauth, verification: { trust_file: trust } }, 'verifier');
        expect([code, of['running service']!.status]).toEqual([1, 'warn']);
        expect(of.registry).toMatchObject({ status: 'ok', message: expect.stringContaining('7 events') });
        expect(of['trust store']!.status).toBe('ok');
        expect(of['token issuer']!.status).toBe('ok');

        const key = path.join(directory, 'a.key');
        await writeFile(key, 'x');
        await chmod(key, 0o644);
        const backup = {
          target: directory,
          signing_key: key,
          sources: { keys: null, config: '/nowhere', certs: null },
        };
        const worker = (await ask({ registry, backup }, 'backup')).of;
        expect(worker['signing key']).toMatchObject({ status: 'warn', message: expect.stringContaining('chmod 600') });
        expect(worker['source keys']!.status).toBe('ok');
        expect(worker['source config']!.status).toBe('fail');
      },
    );
    const silent = { url: 'http://127.0.0.1:9', token: 'a-token-of-sixteen' };
    const oauth = { issuer: 'i', audience: 'a', jwks_url: 'https://issuer.example/jwks.json' };
    expect((await ask({ registry: silent, oauth }, 'verifier')).of.registry!.status).toBe('fail');
  });
});
