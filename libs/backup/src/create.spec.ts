import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { sha3Text } from '@cap/crypto';
import { brokenBlobs } from './archive/manifest.js';
import { blobPath } from './archive/names.js';
import { verifyArchive } from './archive/verify.js';
import { changedBlobs, pieces, World } from './backup.fixture.js';
import { createBackup } from './create.js';
import { dataDirectorySource, type SnapshotSource } from './snapshot-source.js';

let world: World;
beforeEach(async () => void (world = await World.make()));
afterEach(() => world.end());

const create = (more: Parameters<World['options']>[0] = {}) =>
  world.target().withLock('test', () => createBackup(world.options(more)));
const listing = (name: string) =>
  execFileSync('tar', ['-tzf', world.at('backups', name), '--quoting-style=literal'], { encoding: 'utf8' })
    .trim()
    .split('\n');
const left = async () => (await readdir(world.at('backups'))).filter((name) => name !== '.lock');

describe('creating a backup', () => {
  it('gives an archive that tar reads, named by its time, that verifies', async () => {
    const backup = await create();
    expect(backup).toMatchObject({ name: 'backup_20260115_020000.tar.gz', log_size: 3, kid: world.signer.kid });
    expect(await left()).toEqual(['backup_20260115_020000.json', 'backup_20260115_020000.tar.gz']);
    const names = listing(backup.name);
    expect(names[0]).toBe('registry.db');
    expect(names.filter((name) => /^blobs\/..\/..\/[0-9a-f]{64}$/.test(name))).toHaveLength(3);
    expect(names.slice(-2)).toEqual(['manifest.json', 'manifest.json.sig']);

    const archive = world.at('backups', backup.name);
    const { manifest, kid, size, sha3_256 } = await verifyArchive(archive, { signer: world.signer.publicKey });
    expect(kid).toBe(world.signer.kid);
    expect([size, sha3_256]).toEqual([backup.size_bytes, sha3Text(await readFile(archive))]);
    expect(manifest).toMatchObject({
      schema: 'cap-backup.v1',
      created_at: '2026-01-15T02:00:00Z',
      log_size: 3,
      head_digest: (await world.data.store.totals()).head_digest,
      epoch: 1,
      checkpoint: expect.stringContaining('log.example/cap/1\n3\n'),
      versions: { cap: '0.1.0' },
    });
    expect(manifest.files.map(({ path }) => path)).toEqual(names.slice(0, -2));
  });

  it('is the same to the byte for the same state, however the bytes arrive', async () => {
    const whole = await create();
    const source = dataDirectorySource(world.data);
    const inCrumbs: SnapshotSource = {
      ...source,
      async *database(id) {
        for await (const chunk of source.database(id))
          for (let i = 0; i < chunk.length; i += 777) yield chunk.subarray(i, i + 777);
      },
    };
    const other = world.at('elsewhere');
    const { BackupTarget } = await import('./target/backup-target.js');
    const target = new BackupTarget(other);
    const again = await target.withLock('test', () => createBackup(world.options({ source: inCrumbs, target })));
    expect(again).toEqual(whole);
  });

  it('gives a second backup within one second a name of its own', async () => {
    await create();
    expect((await create()).name).toBe('backup_20260115_020001.tar.gz');
  });

  it('takes the state of one moment while writing goes on', async () => {
    const source = dataDirectorySource(world.data);
    const busy: SnapshotSource = {
      ...source,
      async *database(id) {
        await world.register(2);
        yield* source.database(id);
      },
    };
    const { log_size, name } = await create({ source: busy });
    expect(log_size).toBe(3);
    expect(listing(name).filter((path) => path.startsWith('blobs/'))).toHaveLength(3);
  });

  it('gives the lease back, after a failure too', async () => {
    const broken = { ...dataDirectorySource(world.data), database: () => pieces(Buffer.alloc(5)) };
    await expect(create({ source: broken })).rejects.toMatchObject({ code: 'backup.size' });
    expect(await world.data.snapshots.active()).toBe(false);
    await create();
    expect(await world.data.snapshots.active()).toBe(false);
  });
});

describe('what is private', () => {
  it('is left out without encryption, and the backup says so', async () => {
    const backup = await create();
    const names = listing(backup.name);
    expect(names.filter((name) => /^(keys|config|certs)\//.test(name))).toEqual([
      'certs/server.crt',
      'config/app.yaml',
      'config/Übersicht.md',
    ]);
    expect(backup.incomplete).toEqual([
      { path: 'certs/server.key', reason: 'private' },
      { path: 'config/registry.yaml', reason: 'private' },
      { path: 'keys/a.key', reason: 'private' },
      { path: 'keys/a.pub', reason: 'private' },
    ]);
    const archive = execFileSync('gzip', ['-dc', world.at('backups', backup.name)]);
    for (const secret of ['abcdefghijklmnop', 'BEGIN PRIVATE KEY', 'PRIVATE\0'])
      expect(archive.includes(secret)).toBe(false);
  });

  it('is saved when plain keys are allowed in so many words', async () => {
    const backup = await create({ allowPlaintextKeys: true });
    expect(backup.incomplete).toEqual([]);
    expect(listing(backup.name)).toEqual(
      expect.arrayContaining(['keys/a.key', 'certs/server.key', 'config/registry.yaml']),
    );
  });

  it('stops the run when somebody asks for encryption, which is not there', async () => {
    await expect(create({ recipients: ['age1xyz'] })).rejects.toMatchObject({
      kind: 'config',
      code: 'backup.encryption',
    });
    expect(await left()).toEqual([]);
  });
});

describe('sources', () => {
  it('are files: links to files are followed, other things are named as left out', async () => {
    const config = world.at('etc/config');
    await mkdir(world.at('etc/config/..2026_01_15'));
    await writeFile(world.at('etc/config/..2026_01_15/mounted.yaml'), 'a: 1\n');
    await symlink(world.at('etc/config/..2026_01_15/mounted.yaml'), `${config}/mounted.yaml`);
    await symlink(world.at('etc/config/..2026_01_15'), `${config}/linked`);
    execFileSync('mkfifo', [`${config}/pipe.yaml`]);
    await writeFile(`${config}/new\nline.yaml`, 'a: 1\n');
    const backup = await create();
    const names = listing(backup.name);
    expect(names.filter((name) => name.includes('mounted'))).toEqual(['config/mounted.yaml']);
    expect(backup.incomplete).toEqual(
      expect.arrayContaining([
        { path: 'config/linked', reason: 'linked-directory' },
        { path: 'config/pipe.yaml', reason: 'special-file' },
        { path: 'config/new\nline.yaml', reason: 'name' },
      ]),
    );
  });

  it('may have long names', async () => {
    const name = `${'directory/'.repeat(20)}${'n'.repeat(200)}.yaml`;
    await mkdir(world.at('etc/config', name, '..'), { recursive: true });
    await writeFile(world.at('etc/config', name), 'a: 1\n');
    expect(listing((await create()).name)).toContain(`config/${name}`);
  });

  it('that are not there, or too large, stop the run instead of being skipped', async () => {
    const sources = world.options().sources;
    const missing = create({ sources: { ...sources, keys: world.at('nowhere') } });
    await expect(missing).rejects.toMatchObject({ kind: 'config', code: 'backup.source' });
    await writeFile(world.at('etc/config/core.md'), Buffer.alloc(17 * 1024 * 1024));
    await expect(create()).rejects.toMatchObject({ kind: 'config', code: 'backup.source' });
    expect(await left()).toEqual([]);
  });

  it('null is a machine that has none', async () => {
    const { incomplete, name } = await create({ sources: { keys: null, config: null, certs: null } });
    expect(incomplete).toEqual([]);
    expect(listing(name).some((path) => /^(keys|config|certs)/.test(path))).toBe(false);
  });
});

describe('a BLOB that the registry has lost', () => {
  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['has other bytes', (bytes) => Buffer.alloc(bytes.length)],
    ['ends early', (bytes) => bytes.subarray(1)],
    ['goes on', (bytes) => Buffer.concat([bytes, bytes])],
  ])('because it %s is left out and named, all others are saved', async (_, change) => {
    const source = dataDirectorySource(world.data);
    const { id } = await source.createSnapshot();
    const ids: string[] = [];
    for await (const { blob_id } of source.blobs(id)) ids.push(blob_id);
    await source.releaseSnapshot(id);
    const changed = changedBlobs(source, change);
    const blob: SnapshotSource['blob'] = (id, blobId) => (blobId === ids[0] ? changed.blob! : source.blob)(id, blobId);
    const { name, incomplete } = await create({ source: { ...source, blob } });
    const omission = { path: blobPath(ids[0]!), reason: 'corrupt' };
    expect(incomplete).toContainEqual(omission);
    expect(listing(name).filter((path) => path.startsWith('blobs/'))).toEqual(ids.slice(1).map(blobPath));
    expect(brokenBlobs(incomplete)).toEqual([{ blob_id: ids[0], code: 'blob.corrupt' }]);
  });
});

describe('a backup that can not be made', () => {
  const sourceWith = (change: (source: SnapshotSource) => Partial<SnapshotSource>) => {
    const source = dataDirectorySource(world.data);
    return { ...source, ...change(source) };
  };

  it.each<[string, (source: SnapshotSource) => Partial<SnapshotSource>, string]>([
    ['BLOBs that are not listed', () => ({ blobs: async function* () {} }), 'backup.blob'],
    ['a database that breaks off', () => ({ database: () => pieces(Buffer.alloc(10)) }), 'backup.size'],
    [
      'more bytes than the disk has',
      (s) => ({ createSnapshot: async () => ({ ...(await s.createSnapshot()), blob_bytes: 2 ** 50 }) }),
      'storage.full',
    ],
  ])('%s: nothing is left', async (_, change, code) => {
    await expect(create({ source: sourceWith(change) })).rejects.toMatchObject({ code });
    expect(await left()).toEqual([]);
  });

  it('a source that throws: its error is told, nothing is left', async () => {
    const source = sourceWith(() => ({
      // eslint-disable-next-line require-yield
      async *database() {
        throw new Error('connection reset');
      },
    }));
    await expect(create({ source })).rejects.toThrow('connection reset');
    expect(await left()).toEqual([]);
  });

  it('one that is stopped: nothing is left', async () => {
    const stop = new AbortController();
    const source = sourceWith((inner) => ({
      async *database(id) {
        for await (const chunk of inner.database(id)) {
          stop.abort();
          yield chunk;
        }
      },
    }));
    await expect(create({ source, signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await left()).toEqual([]);
    expect(await world.data.snapshots.active()).toBe(false);
  });

  it('a second one beside it is refused and names the first', async () => {
    const target = world.target();
    await target.withLock('first-worker', async () => {
      await expect(create()).rejects.toMatchObject({
        kind: 'busy',
        code: 'backup.running',
        message: expect.stringContaining('first-worker'),
      });
    });
    await create();
  });

  it('a target that is no directory', async () => {
    await writeFile(world.at('backups'), '');
    await chmod(world.at('backups'), 0o600);
    await expect(create()).rejects.toMatchObject({ kind: 'cannot-create' });
  });
});
