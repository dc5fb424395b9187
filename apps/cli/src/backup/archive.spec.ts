import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { OwnerLock, RegistryData } from '@cap/storage';
import { cap, NOW, scratch } from '../cli.fixture.js';
import { duration } from './duration.js';

let place: string;
let kid: string;
let archive: string;
const at = (...parts: string[]) => path.join(place, ...parts);
const signedBy = (keys: string, key: string, ...more: string[]) => [
  ...['backup', 'create', '--data-dir', at('data'), '--target', at('backups')],
  ...['--keys', at(keys), '--key', key, ...more],
];
const ofData = (...more: string[]) => signedBy('backup-keys', kid, ...more);
const signer = () => ['--signer', at('backup-keys', `${kid}.pub`)];

beforeAll(async () => {
  place = await scratch();
  const data = await RegistryData.open({
    database: at('data/registry.db'),
    blobs: at('data/blobs'),
    program: 'cap-registry',
  });
  const { blob_id } = await data.putBlob(
    (async function* () {
      yield Buffer.from('bundle');
    })(),
    { maxBytes: 100, retain: 'upload' },
  );
  await data['database'].registerEntry({
    bundle_id: blob_id,
    manifest_hash: sha3Text('manifest'),
    proof_hash: sha3Text('proof'),
    policy_hash: sha3Text('policy'),
    result: 'ok',
    report_hash: sha3Text('report'),
    signer_kid: null,
    company: null,
  });
  await data.close();
  await mkdir(at('data/keys'));
  await writeFile(at('data/keys/secret.key'), 'secret');
  await mkdir(at('config'));
  await writeFile(at('config/app.yaml'), 'server: {}\n');
  const key = await cap(['keys', 'generate', '--keys', at('backup-keys'), '--owner', 'backup', '--json']);
  kid = JSON.parse(key.out).kid;
});

describe('cap backup create --data-dir', () => {
  it('is signed only by a key that is made for backups', async () => {
    const argv = ['keys', 'generate', '--keys', at('other-keys'), '--owner', 'prover', '--usage', 'bundle'];
    const other = (await cap(argv)).out.trim();
    expect(await cap(signedBy('other-keys', other))).toMatchObject({
      code: 77,
      err: expect.stringContaining('lacks the usage backup'),
    });
  });

  it('makes a verified and drilled backup and says what is left out', async () => {
    const { code, out, err } = await cap(ofData('--save', `config=${at('config')}`, '--json'));
    expect(code).toBe(0);
    const backup = JSON.parse(out);
    expect(backup).toMatchObject({
      name: 'backup_20251106_100000.tar.gz',
      log_size: 1,
      kid,
      incomplete: [{ path: 'keys/secret.key', reason: 'private' }],
      drill: { ok: true, entries: 1, blobs: 1 },
    });
    expect(backup.size_bytes).toBe((await readFile(at('backups', backup.name))).length);
    expect(err).toContain('keys/secret.key: private');
    archive = at('backups', backup.name);
  });

  it('saves private keys only when it is told to', async () => {
    const { code, out, err } = await cap(ofData('--allow-plaintext-keys'));
    expect([code, out, err]).toEqual([0, 'backup_20251106_100001.tar.gz\n', '']);
    const target = at('with-keys');
    const name = at('backups/backup_20251106_100001.tar.gz');
    expect((await cap(['backup', 'restore', name, '--to', target, ...signer()])).code).toBe(0);
    expect(await readFile(path.join(target, 'keys/secret.key'), 'utf8')).toBe('secret');
  });

  it('is 75 while a registry owns the directory or another backup runs', async () => {
    for (const directory of ['data', 'backups/.lock']) {
      const lock = await OwnerLock.acquire(at(directory), 'cap-registry');
      const { code, err } = await cap(ofData());
      lock.release();
      expect([code, err]).toEqual([75, expect.stringContaining('cap-registry')]);
    }
  });

  it('is 66 without a registry or a key, 64 with half of the options', async () => {
    const empty = ofData();
    empty[3] = at('config');
    expect((await cap(empty)).code).toBe(66);
    expect(await readdir(at('config'))).toEqual(['app.yaml']);
    const unknown = ofData();
    unknown[9] = '0'.repeat(32);
    expect((await cap(unknown)).code).toBe(66);
    expect((await cap(['backup', 'create'])).code).toBe(64);
    expect((await cap(['backup', 'create', '--data-dir', at('data')])).code).toBe(64);
    expect((await cap([...ofData(), '--url', 'http://127.0.0.1:1'])).code).toBe(64);
    expect((await cap(ofData('--save', 'other=x'))).code).toBe(64);
  });
});

describe('cap backup list --target', () => {
  it('lists what counts and names what does not', async () => {
    await writeFile(at('backups/backup_20250101_000000.tar.gz'), 'x');
    const { code, out, err } = await cap(['backup', 'list', '--target', at('backups')]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`backup_20251106_100000\\.tar\\.gz +\\d+ +1 +${kid} +1\\n`));
    expect(err).toContain('backup_20250101_000000.tar.gz is not a backup: it has no sidecar');
    const { items, strange } = JSON.parse((await cap(['backup', 'list', '--target', at('backups'), '--json'])).out);
    expect(items.map(({ name }: { name: string }) => name)).toEqual([
      'backup_20251106_100001.tar.gz',
      'backup_20251106_100000.tar.gz',
    ]);
    expect(strange).toHaveLength(1);
  });

  it('is 66 for a directory that is not there, 64 without a place', async () => {
    expect((await cap(['backup', 'list', '--target', at('nowhere')])).code).toBe(66);
    expect((await cap(['backup', 'list'])).code).toBe(64);
  });
});

describe('cap backup verify', () => {
  it('says whose it is and what it holds', async () => {
    const said = await cap(['backup', 'verify', archive, ...signer()]);
    expect([said.code, said.out]).toEqual([0, expect.stringContaining(`signed by ${kid}`)]);
    const byKid = await cap(['backup', 'verify', archive, '--signer', kid, '--json']);
    expect(JSON.parse(byKid.out)).toMatchObject({ ok: true, kid, log_size: 1, created_at: '2025-11-06T10:00:00Z' });
  });

  it('is 2 with the fault, 66 without the file, 64 without a signer', async () => {
    const bytes = await readFile(archive);
    await writeFile(at('cut.tar.gz'), bytes.subarray(0, -20));
    for (const [file, who, code] of [
      [at('cut.tar.gz'), kid, 'backup.unreadable'],
      [archive, '0'.repeat(32), 'backup.signer'],
    ] as const) {
      const words = await cap(['backup', 'verify', file, '--signer', who]);
      expect([words.code, words.out, words.err]).toEqual([2, '', expect.stringContaining(code)]);
      const json = await cap(['backup', 'verify', file, '--signer', who, '--json']);
      expect(json.code).toBe(2);
      expect(JSON.parse(json.out)).toMatchObject({ ok: false, fault: { code } });
    }
    expect((await cap(['backup', 'verify', at('nothing'), ...signer()])).code).toBe(66);
    expect((await cap(['backup', 'verify', archive, '--signer', at('nothing')])).code).toBe(66);
    expect((await cap(['backup', 'verify', archive])).code).toBe(64);
  });
});

describe('cap backup drill', () => {
  it('tells RPO and RTO and leaves nothing', async () => {
    const now = new Date(NOW.getTime() + 90_000);
    await mkdir(at('scratch'));
    const { code, out } = await cap(['backup', 'drill', archive, ...signer(), '--scratch', at('scratch')], { now });
    expect([code, out]).toEqual([0, expect.stringMatching(/^ok:[^]*1 entries, 1 BLOBs[^]*RPO 1 min 30 s[^]*RTO \d+/)]);
    expect(await readdir(at('scratch'))).toEqual([]);
    const json = JSON.parse((await cap(['backup', 'drill', archive, ...signer(), '--json'], { now })).out);
    expect(json).toMatchObject({ ok: true, rpo_seconds: 90, log_size: 1 });
  });

  it('is 2 for an archive that can not be restored', async () => {
    expect((await cap(['backup', 'drill', at('cut.tar.gz'), ...signer()])).code).toBe(2);
  });
});

describe('cap backup restore', () => {
  it('gives a registry that checks out, and keeps what stood there', async () => {
    const to = ['--to', at('restored'), ...signer()];
    const first = await cap(['backup', 'restore', archive, ...to]);
    expect([first.code, first.out]).toEqual([0, expect.stringContaining('log size 1')]);
    expect(first.err).toContain('keys/secret.key');
    expect((await cap(['registry', 'fsck', '--data-dir', at('restored')])).code).toBe(0);
    const second = JSON.parse((await cap(['backup', 'restore', archive, ...to, '--json'])).out);
    expect(second).toMatchObject({ directory: at('restored'), kept: at('restored.before-restore-20251106_100000') });
  });

  it('is 75 on a live directory, 2 for a bad archive, 66 for none, and touches nothing', async () => {
    const lock = await OwnerLock.acquire(at('data'), 'cap-registry');
    const live = await cap(['backup', 'restore', archive, '--to', at('data'), ...signer()]);
    lock.release();
    expect([live.code, live.err]).toEqual([75, expect.stringContaining('cap-registry')]);
    for (const [file, code] of [
      [at('cut.tar.gz'), 2],
      [at('nothing'), 66],
    ] as const)
      expect((await cap(['backup', 'restore', file, '--to', at('data'), ...signer()])).code).toBe(code);
    expect((await cap(['registry', 'fsck', '--data-dir', at('data')])).code).toBe(0);
    expect((await readdir(place)).filter((name) => name.includes('before-restore'))).toHaveLength(1);
  });
});

it.each([
  [0.0123, '12 ms'],
  [0, '0 ms'],
  [1, '1 s'],
  [90, '1 min 30 s'],
  [3_600, '1 h'],
  [93_900, '1 d 2 h'],
])('%d seconds are %s', (seconds, words) => expect(duration(seconds)).toBe(words));
