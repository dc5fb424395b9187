import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import request from 'supertest';
import { verifyArchive } from '@cap/backup';
import { generateKey } from '@cap/crypto/key-files';
import { accessToken, as, backupMetrics, TOKENS, type Worker, World } from '../worker.fixture.js';
import { BackupRuns } from './backup-runs.js';

let world: World;
let worker: Worker;
beforeAll(async () => {
  world = await World.start();
  worker = await world.worker();
});
afterAll(() => world.end());
afterEach(() => {
  world.wire.fate = () => null;
});

const operator = () => as(worker.url);

describe('a backup on demand', () => {
  it('is made, verified, drilled, told to the registry and to the metrics', async () => {
    expect((await operator().list()).body).toEqual({ items: [], strange: [] });
    expect(await backupMetrics(worker.url)).toMatchObject({ cap_backup_last_success_timestamp_seconds: 0 });
    const before = (await world.client('operator').status()).log_size;

    const { status, body } = await operator().create();
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: expect.stringMatching(/^backup_\d{8}_\d{6}\.tar\.gz$/),
      log_size: before,
      kid: world.signer.kid,
      incomplete: [],
      drill: { ok: true, blobs: 3, faults: [] },
      removed: [],
    });
    const archive = world.target().at(body.name);
    const { manifest, size } = await verifyArchive(archive, { signer: world.signer.publicKey });
    expect([size, manifest.log_size]).toEqual([body.size_bytes, before]);
    expect(manifest.files.map(({ path }) => path)).toContain('config/app.yaml');

    const { items } = (await operator().list()).body;
    const record = Object.fromEntries(
      Object.entries(body as object).filter(([name]) => name !== 'drill' && name !== 'removed'),
    );
    expect(items).toEqual([record]);

    const events = (await world.client('operator').listEvents({ from: before })).items;
    expect(events.map(({ event, details }) => [event, details])).toEqual([
      [
        'backup.completed',
        {
          archive: body.name,
          log_size: before,
          size_bytes: size,
          sha3_256: body.sha3_256,
          left_out: 0,
        },
      ],
      ['backup.drill', expect.objectContaining({ archive: body.name, ok: true, blobs: 3, faults: 0 })],
    ]);
    const metrics = await backupMetrics(worker.url);
    expect(metrics).toMatchObject({
      cap_backup_last_success_timestamp_seconds: Date.parse(body.created_at) / 1000,
      cap_backup_incomplete: 0,
      cap_backup_size_bytes: size,
    });
    expect(metrics['cap_backup_drill_last_success_timestamp_seconds']).toBeGreaterThanOrEqual(
      metrics['cap_backup_last_success_timestamp_seconds']!,
    );
    expect(metrics['cap_backup_duration_seconds']).toBeGreaterThan(0);
  });

  it('that leaves something out says so in answer, log and metric, after a restart too', async () => {
    await writeFile(world.at('etc/keys/secret.key'), 'secret');
    const { body } = await operator().create();
    await rm(world.at('etc/keys/secret.key'));
    expect(body.incomplete).toEqual([{ path: 'keys/secret.key', reason: 'private' }]);
    expect(worker.log.find('the backup is incomplete')).toMatchObject([{ left_out: ['keys/secret.key (private)'] }]);
    const gauges = ({ url }: Worker) =>
      backupMetrics(url).then((all) => Object.entries(all).filter(([name]) => !name.includes('runs_total')));
    const before = await gauges(worker);
    expect(Object.fromEntries(before)).toMatchObject({
      cap_backup_incomplete: 1,
      cap_backup_size_bytes: body.size_bytes,
    });
    await worker.service.stop();
    worker = await world.worker();
    expect(await gauges(worker)).toEqual(before);
  });
});

describe('who may', () => {
  it('is an operator, or whoever has an access token with the scope backup:run', async () => {
    const scoped = as(worker.url, accessToken('backup:run'));
    expect((await scoped.list()).status).toBe(200);
    expect((await scoped.create()).status).toBe(201);
  });

  it.each([
    ['a verifier', TOKENS.verifier, 403, 'auth.scope'],
    ['another scope', accessToken('verify:read'), 403, 'auth.scope'],
    ['a stranger', 'somebody-else-0123456789', 401, 'auth.invalid'],
  ])('is not %s', async (_, token, status, code) => {
    const { length } = await world.left();
    for (const call of [as(worker.url, token).create(), as(worker.url, token).list()])
      expect(await call).toMatchObject({ status, body: { code } });
    expect((await world.left()).length).toBe(length);
  });
});

describe('the metrics of a target', () => {
  const scrape = async (url: string) => {
    const { status } = await request(url).get('/metrics');
    return { status, ...(await backupMetrics(url)) };
  };

  it('that can not be read say so, and fail no scrape', async () => {
    await writeFile(world.at('no-directory'), '');
    const { url, service } = await world.worker({ target: world.at('no-directory') });
    expect(await scrape(url)).toMatchObject({ status: 200, cap_backup_target_readable: 0 });
    await service.stop();
  });

  it('wait for no FIFO in it, which is a strange backup', async () => {
    const name = 'backup_20260115_020000';
    await mkdir(world.at('pipes'));
    await writeFile(world.at('pipes', `${name}.tar.gz`), '');
    execFileSync('mkfifo', [world.at('pipes', `${name}.json`), world.at('pipes', '.last-run.json')]);
    const { url, service } = await world.worker({ target: world.at('pipes') });
    expect(await scrape(url)).toMatchObject({ status: 200, cap_backup_target_readable: 1, cap_backup_size_bytes: 0 });
    expect((await as(url).list()).body).toMatchObject({
      items: [],
      strange: [{ name: `${name}.tar.gz`, why: expect.stringContaining('not a regular file') }],
    });
    await service.stop();
  });
});

describe('a backup that can not be made', () => {
  const failures = async () => (await backupMetrics(worker.url))['cap_backup_runs_total{outcome="failure"}']!;

  it('while another one runs here, in another process, or holds the snapshot', async () => {
    const before = await failures();
    await world.target().withLock('cap backup create', async () => {
      const answer = await operator().create();
      expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'backup.running', '30']);
      expect(answer.body.detail).toContain('cap backup create');
    });
    const [first, second] = await Promise.all([operator().create(), operator().create()]);
    expect([first.status, second.status].sort()).toEqual([201, 503]);
    expect(await failures()).toBe(before);

    const lease = await world.client('backup').createSnapshot();
    const busy = await operator().create();
    expect([busy.status, busy.body.code]).toEqual([503, 'snapshot.busy']);
    expect(busy.body.detail).toContain('snapshot');
    await world.client('backup').deleteSnapshot(lease.id);
    expect(await failures()).toBe(before + 1);
  });

  it('says which step failed, counts it, and leaves nothing', async () => {
    const before = await world.left();
    const count = await failures();
    await rename(world.at('etc/certs'), world.at('etc/elsewhere'));
    const answer = await operator().create();
    await rename(world.at('etc/elsewhere'), world.at('etc/certs'));
    expect(answer).toMatchObject({ status: 500, body: { code: 'backup.source' } });
    expect(answer.body.detail).toContain(world.at('etc/certs'));
    world.wire.fate = ({ url }) =>
      url!.startsWith('/v1/snapshots') ? { kind: 'problem', status: 500, code: 'internal' } : null;
    expect(await operator().create()).toMatchObject({ status: 503, body: { code: 'registry.unavailable' } });
    expect(await world.left()).toEqual(before);
    expect(await failures()).toBe(count + 2);
    expect(await world.target().lastRun()).toMatchObject({ outcome: 'failure' });
  });

  it('is no worse when only the registry can not be told of it', async () => {
    world.wire.fate = ({ url, method }) =>
      url === '/v1/events' && method === 'POST' ? { kind: 'problem', status: 500, code: 'internal' } : null;
    expect((await operator().create()).status).toBe(201);
    expect(worker.log.find('could not report the backup to the registry').map(({ event }) => event)).toEqual([
      'backup.completed',
      'backup.drill',
    ]);
  });
});

describe('readiness', () => {
  const missing = async (url: string) => {
    const { status, body } = await request(url).get('/readyz');
    return status === 200 ? [] : body.missing;
  };

  it('is given when target, registry, key and sources are there', async () => {
    expect(await missing(worker.url)).toEqual([]);
  });

  it('names the target, the key and the sources that are missing', async () => {
    await writeFile(world.at('file'), '');
    const bad = await world.worker({
      target: world.at('file'),
      signing_key: undefined,
      sources: { keys: world.at('nowhere'), config: null, certs: null },
    });
    expect(await missing(bad.url)).toEqual(['target', 'signing-key', 'sources']);
    const { text } = await request(bad.url).get('/readyz');
    for (const words of [world.at('file'), 'backup.signing_key', world.at('nowhere')]) expect(text).toContain(words);
  });

  it('names a key that others can read', async () => {
    const file = world.at('signing', `${world.signer.kid}.key`);
    await chmod(file, 0o644);
    expect(await missing(worker.url)).toEqual(['signing-key']);
    await chmod(file, 0o600);
    expect(await missing(worker.url)).toEqual([]);
  });

  it('names the registry, when it does not answer and when it does not know the token', async () => {
    expect(await missing((await world.worker({}, { url: 'http://127.0.0.1:1' })).url)).toEqual(['registry']);
    expect(await missing((await world.worker({}, { token: 'unknown-token-0123456789' })).url)).toEqual(['registry']);
  });
});

describe('a signing key with a passphrase', () => {
  const variables = ['CAP_KEY_PASSPHRASE', 'CAP_KEY_PASSPHRASE_FILE'] as const;
  afterEach(() => {
    for (const name of variables) delete process.env[name];
  });
  const encrypted = async () => {
    const { kid } = await generateKey(world.at('encrypted'), {
      owner: 'backup worker',
      validFrom: new Date(Date.now() - 60_000),
      validDays: 1,
      usage: ['backup'],
      passphrase: 'correct horse',
    });
    const signing_key = world.at('encrypted', `${kid}.key`);
    return { kid, worker: await world.worker({ signing_key, target: world.at('by-encrypted') }) };
  };

  it('is opened by the variable, or by the file that the other one names, as it is when the backup is made', async () => {
    const { kid, worker: other } = await encrypted();
    const file = world.at('passphrase');
    process.env.CAP_KEY_PASSPHRASE_FILE = file;
    await writeFile(file, 'wrong');
    expect((await as(other.url).create()).body).toMatchObject({ code: 'key.passphrase' });
    await writeFile(file, 'correct horse\n');
    expect((await as(other.url).create()).body).toMatchObject({ kid, drill: { ok: true } });
    expect((await request(other.url).get('/readyz')).status).toBe(200);
    delete process.env.CAP_KEY_PASSPHRASE_FILE;
    process.env.CAP_KEY_PASSPHRASE = 'correct horse';
    expect((await as(other.url).create()).status).toBe(201);
  });

  it('is named with the variables when there is none, or when the file is not there', async () => {
    const { worker: other } = await encrypted();
    const { body } = await as(other.url).create();
    expect(body).toMatchObject({ code: 'key.passphrase', detail: expect.stringContaining('CAP_KEY_PASSPHRASE') });
    process.env.CAP_KEY_PASSPHRASE_FILE = world.at('no-passphrase');
    expect((await as(other.url).create()).body.detail).toContain(world.at('no-passphrase'));
  });
});

describe('a reload', () => {
  it('takes the settings of the next backup', async () => {
    await mkdir(world.at('other'), { recursive: true });
    expect(await worker.service.reload(world.loaded({ target: world.at('other') }).config)).toBe(true);
    const { name } = (await operator().create()).body;
    expect(await world.left('other')).toEqual([name.replace('.tar.gz', '.json'), name]);
    expect(worker.service.app.get(BackupRuns).target.directory).toBe(world.at('other'));
  });
});
