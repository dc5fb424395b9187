import { createPublicKey } from 'node:crypto';
import {
  chown,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyReceipt } from '@cap/tlog';
import { verifierKey } from '@cap/tlog/notes';
import { OwnerLock, RegistryData, verifyRegistry } from '@cap/storage';
import { exists, forge, LOG_KEY, NOW, treeOf, World } from '../backup.fixture.js';
import { createBackup } from '../create.js';
import type { BackupRecord } from '@cap/contracts';
import { drillArchive } from './drill.js';
import { readCheckpoint } from './log-epoch.js';
import { restoreArchive } from './restore.js';
import { unpack } from './unpack.js';

let world: World;
let backup: BackupRecord;
let archive: string;
let place: string;
beforeAll(async () => {
  world = await World.make();
  backup = await world.target().withLock('test', () => createBackup(world.options({ allowPlaintextKeys: true })));
  archive = world.at('backups', backup.name);
});
afterAll(() => world.end());
beforeEach(async () => void (place = await mkdtemp(world.at('place-'))));
afterEach(() => rm(place, { recursive: true, force: true }));

const LATER = new Date(NOW.getTime() + 3_600_000);
/** The epoch of a restore then, where none is known but that of the archive. */
const FIRST = LATER.getTime() / 1000;
const at = (...parts: string[]) => path.join(place, ...parts);
const restore = (to = at('data'), file = archive) => restoreArchive(file, { to, signer: world.signer.kid, now: LATER });
/** Without the lock file, which every owner writes. */
const contentOf = async (directory: string) => {
  const tree = await treeOf(directory);
  delete tree['owner.db'];
  return tree;
};

describe('the log of a restored registry', () => {
  const open = (directory: string) =>
    RegistryData.open({
      database: path.join(directory, 'registry.db'),
      blobs: path.join(directory, 'blobs'),
      program: 'cap-registry',
      log: { origin: 'log.example/cap', keys: [LOG_KEY] },
    });
  const note = async (data: RegistryData) => (await data.log.checkpoint()).note;

  it('goes on in a new epoch, whose first event names the last checkpoint; older receipts stay valid', async () => {
    const trust = {
      logKeys: [verifierKey('ed25519', 'log.example/cap', createPublicKey(LOG_KEY))],
      witnessKeys: [],
      witnessThreshold: 0,
    };
    const before = await world.data.log.receipt(1, 3);
    const restored = await restore();
    expect(restored).toMatchObject({ log_size: 3, epoch: FIRST, last_known_size: 3 });
    const data = await open(at('data'));
    const [first] = await data.store.listEvents(3, 1);
    expect(first).toMatchObject({
      event: 'log.epoch',
      details: { epoch: FIRST, last_checkpoint: await world.data.log.checkpointOf(3) },
    });
    const receipt = await data.log.receipt(1);
    expect(verifyReceipt(before, trust)).toMatchObject({ valid: true, origin: 'log.example/cap/1' });
    expect(verifyReceipt(receipt, trust)).toMatchObject({ valid: true, origin: `log.example/cap/${FIRST}` });
    await data.close();
  });

  it('comes after every epoch that stood there, and says what the backup lacks', async () => {
    await restore();
    const data = await open(at('data'));
    for (let i = 0; i < 4; i++) await data.store.appendEvent('backup.drill', {});
    const lost = await note(data);
    await data.close();
    expect(await restore()).toMatchObject({ epoch: FIRST + 1, last_known_size: 8 });
    const again = await open(at('data'));
    expect((await again.store.listEvents(3, 1))[0]).toMatchObject({
      details: { epoch: FIRST + 1, last_checkpoint: lost },
    });
    await again.close();
    // Elsewhere nothing is known of it, unless somebody holds a checkpoint.
    expect(await restore(at('other'))).toMatchObject({ epoch: FIRST, last_known_size: 3 });
    const checkpoint = readCheckpoint(lost, 'checkpoint');
    expect(
      await restoreArchive(archive, { to: at('third'), signer: world.signer.kid, now: LATER, checkpoint }),
    ).toMatchObject({ epoch: FIRST + 1, last_known_size: 8 });
  });

  it('is in another epoch after every restore, also in places that know nothing of each other', async () => {
    const once = await restore(at('one'));
    const later = new Date(LATER.getTime() + 1_000);
    const again = await restoreArchive(archive, { to: at('two'), signer: world.signer.kid, now: later });
    expect(again.epoch).toBe(once.epoch + 1);
  });

  it('that is an old copy put in place by hand does not start', async () => {
    await restore();
    const data = await open(at('data'));
    await note(data);
    await data.close();
    await unpackOver(at('data'));
    await expect(open(at('data'))).rejects.toMatchObject({ code: 'log.epoch' });
  });
});

/** What somebody would do without the restore: the database out of the archive, over the one that is there. */
async function unpackOver(directory: string): Promise<void> {
  const plain = at('plain');
  await mkdir(plain);
  await unpack(archive, plain, { signer: world.signer.kid, durable: false, owner: null });
  await copyFile(path.join(plain, 'registry.db'), path.join(directory, 'registry.db'));
}

describe('restoring', () => {
  it('gives the data directory as it was: database, BLOBs, keys, configuration, certificates', async () => {
    const restored = await restore();
    expect(restored).toMatchObject({
      directory: at('data'),
      kept: null,
      kid: world.signer.kid,
      created_at: '2026-01-15T02:00:00Z',
      age_seconds: 3_600,
      log_size: 3,
      incomplete: [],
    });
    const names = Object.keys(await contentOf(at('data'))).sort();
    expect(names.filter((name) => !name.startsWith('blobs/'))).toEqual([
      'certs/server.crt',
      'certs/server.key',
      'checkpoints/1',
      'config/app.yaml',
      'config/registry.yaml',
      'config/Übersicht.md',
      'keys/a.key',
      'keys/a.pub',
      'registry.db',
    ]);
    expect(names).toHaveLength(restored.files + 1);
    expect(await readFile(at('data/keys/a.key'), 'utf8')).toBe('PRIVATE');
    expect(await verifyRegistry(at('data'))).toMatchObject({ ok: true, log_size: 4, entries: 3, blobs: 3, orphans: 0 });
    expect(await readdir(place)).toEqual(['data']);
  });

  it('gives back a registry in which nothing was registered yet, and its drill finds no fault', async () => {
    const empty = await World.make({ entries: 0 });
    try {
      const { name } = await empty.target().withLock('test', () => createBackup(empty.options()));
      const signer = empty.signer.kid;
      expect(await drillArchive(empty.at('backups', name), { signer, now: LATER })).toMatchObject({
        ok: true,
        blobs: 0,
      });
      await restoreArchive(empty.at('backups', name), { to: at('data'), signer, now: LATER });
      expect(await verifyRegistry(at('data'))).toMatchObject({ ok: true, log_size: 1, entries: 0, blobs: 0 });
    } finally {
      await empty.end();
    }
  });

  it('makes secrets readable for their owner alone, and nothing for everybody', async () => {
    await restore();
    const modeOf = async (name: string) => (await stat(at('data', name))).mode & 0o777;
    for (const name of ['keys/a.key', 'certs/server.key', 'config/app.yaml']) expect(await modeOf(name)).toBe(0o600);
    for (const name of ['registry.db', 'certs/server.crt', '.', 'keys', 'blobs'])
      expect((await modeOf(name)) & 0o007).toBe(0);
  });

  it('exchanges a whole tree and keeps the old one', async () => {
    const old = { 'registry.db': 'old', 'registry.db-wal': 'stale', 'registry.db-shm': 'stale', 'keys/old.key': 'k' };
    for (const [name, content] of Object.entries(old)) {
      await mkdir(path.dirname(at('data', name)), { recursive: true });
      await writeFile(at('data', name), content);
    }
    const before = await contentOf(at('data'));
    const { kept } = await restore();
    expect(kept).toBe(at('data.before-restore-20260115_030000'));
    expect(await contentOf(kept!)).toEqual(before);
    for (const name of ['registry.db-wal', 'registry.db-shm', 'keys/old.key'])
      expect(await exists(at('data', name))).toBe(false);
    expect((await restore()).kept).toBe(at('data.before-restore-20260115_030000-1'));
    expect((await verifyRegistry(at('data'))).ok).toBe(true);
  });

  it('to an empty directory, below one that is not there yet, and through a link to the directory', async () => {
    await mkdir(at('empty'));
    expect((await restore(at('empty'))).kept).toBeNull();
    expect((await restore(at('a/b/c'))).directory).toBe(at('a/b/c'));
    await symlink(at('a/b/c'), at('link'));
    expect(await restore(at('link'))).toMatchObject({
      directory: at('a/b/c'),
      kept: at('a/b/c.before-restore-20260115_030000'),
    });
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(true);
  });

  it('refuses a directory that somebody owns, and names the owner', async () => {
    const lock = await OwnerLock.acquire(at('data'), 'cap-registry');
    try {
      await expect(restore()).rejects.toMatchObject({
        kind: 'busy',
        code: 'storage.owned',
        message: expect.stringContaining('cap-registry'),
      });
    } finally {
      lock.release();
    }
    expect(Object.keys(await contentOf(at('data')))).toEqual([]);
    await expect(restore(world.at('data'))).rejects.toMatchObject({ kind: 'busy' });
    expect((await verifyRegistry(world.at('data'))).ok).toBe(true);
  });

  it('refuses a file in the place of the directory', async () => {
    await writeFile(at('data'), '');
    await expect(restore()).rejects.toMatchObject({ kind: 'cannot-create', code: 'restore.place' });
  });

  it('clears what a killed restore left', async () => {
    await mkdir(at('.data.restoring/blobs'), { recursive: true });
    await writeFile(at('.data.restoring/registry.db'), 'half');
    await restore();
    expect(await readdir(place)).toEqual(['data']);
  });

  it.each(['changed', 'truncated', 'of another signer', 'missing'])(
    'leaves what is there untouched when the archive is %s',
    async (fault) => {
      await mkdir(at('data'));
      await writeFile(at('data/registry.db'), 'live');
      const bytes = await readFile(archive);
      const copy = at('copy.tar.gz');
      if (fault === 'changed') bytes[bytes.length >> 1]! ^= 0xff;
      if (fault !== 'missing') await writeFile(copy, fault === 'truncated' ? bytes.subarray(0, -100) : bytes);
      const signer = fault === 'of another signer' ? '0'.repeat(32) : world.signer.kid;
      await expect(restoreArchive(copy, { to: at('data'), signer, now: LATER })).rejects.toMatchObject({
        kind: fault === 'missing' ? 'missing' : 'refused',
      });
      expect(await readFile(at('data/registry.db'), 'utf8')).toBe('live');
      expect((await readdir(place)).filter((name) => name !== 'copy.tar.gz')).toEqual(['data']);
    },
  );

  const asRoot = process.getuid?.() === 0 ? it : it.skip; // nobody else can give files away
  asRoot('gives everything to whom the directory belongs', async () => {
    await mkdir(at('data'));
    await writeFile(at('data/registry.db'), 'old');
    await chown(at('data'), 12_345, 23_456);
    await restore();
    const names = await readdir(at('data'), { recursive: true });
    expect(names).toContain('owner.db');
    for (const name of ['.', ...names]) {
      const { uid, gid } = await stat(at('data', name));
      expect([name, uid, gid]).toEqual([name, 12_345, 23_456]);
    }
  });
});

describe('a drill', () => {
  const drill = (file = archive, more: Partial<Parameters<typeof drillArchive>[1]> = {}) =>
    drillArchive(file, { signer: world.signer.kid, now: LATER, ...more });

  it('restores beside the archive, checks everything, says how much and how long, leaves nothing', async () => {
    const before = await readdir(world.at('backups'));
    const result = await drill();
    expect(result).toMatchObject({
      ok: true,
      faults: [],
      kid: world.signer.kid,
      created_at: '2026-01-15T02:00:00Z',
      log_size: 3,
      newest_event_at: NOW.toISOString(),
      entries: 3,
      blobs: 3,
      rpo_seconds: 3_600,
    });
    expect(result.rto_seconds).toBeGreaterThan(0);
    expect(await readdir(world.at('backups'))).toEqual(before);
    expect((await drill(archive, { scratch: place })).ok).toBe(true);
    expect(await readdir(place)).toEqual([]);
  });

  it('finds a registry that does not add up in an archive that does', async () => {
    await restore();
    const [blob] = (await readdir(at('data/blobs'), { recursive: true })).filter((name) => name.length > 60);
    const saved = path.join('blobs', blob!);
    const file = at('forged.tar.gz');
    const database = { name: 'registry.db', body: await readFile(at('data/registry.db')) };
    const head_digest = backup.head_digest;
    const manifest = { log_size: 3, head_digest };
    await forge(file, { signer: world.signer, manifest, entries: [database, { name: saved, body: 'other' }] });
    const changed = await drill(file);
    expect(changed.ok).toBe(false);
    expect(changed.faults.map(({ object }) => object).join()).toContain('BLOB');

    await forge(file, { signer: world.signer, manifest: { log_size: 5, head_digest }, entries: [database] });
    expect((await drill(file)).faults).toContainEqual({ object: 'log', message: expect.stringContaining('event 3') });

    await forge(file, { signer: world.signer, entries: [{ name: 'registry.db', body: 'no database' }] });
    expect((await drill(file)).faults[0]).toMatchObject({ object: 'database' });
  });

  it('refuses an archive that is not right, and leaves nothing', async () => {
    const bytes = await readFile(archive);
    await writeFile(at('cut.tar.gz'), bytes.subarray(0, -50));
    await expect(drill(at('cut.tar.gz'))).rejects.toMatchObject({ kind: 'refused', code: 'backup.unreadable' });
    await expect(drill(archive, { signer: '0'.repeat(32) })).rejects.toMatchObject({ code: 'backup.signer' });
    expect(await readdir(place)).toEqual(['cut.tar.gz']);
  });

  it('can be stopped', async () => {
    await expect(drill(archive, { scratch: place, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await readdir(place)).toEqual([]);
  });
});
