import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { FileBlobStore } from '../blobs/file-blob-store.js';
import { FileCheckpointStore } from '../checkpoints/file-checkpoint-store.js';
import { DataDirectory, entryOf, put } from '../data.fixture.js';
import { verifyStores } from '../fsck/verify-registry.js';
import { embeddedDescribe } from '../profile.fixture.js';
import { SqliteDatabase } from './sqlite-database.js';

let place: DataDirectory;
beforeEach(async () => void (place = await DataDirectory.make()));
afterEach(() => place.remove());

const emptied = async (database: SqliteDatabase): Promise<void> => {
  while ((await database.walBytes()) > 0) await pause(5);
};

embeddedDescribe('the write-ahead log', () => {
  it('is emptied when nobody writes for a while, and once a long reader is gone, while the process runs', async () => {
    const database = await SqliteDatabase.open(place.at('some.db'), 'write', { idleMs: 20 });
    const note = (text: string) =>
      database.write((session) => session.run('INSERT INTO notes VALUES (?)', [text.padEnd(30_000, '.')]));
    await database.write((session) => session.run('CREATE TABLE notes (text TEXT)'));
    await emptied(database);
    const reader = new Database(place.at('some.db'), { readonly: true });
    reader.exec('BEGIN');
    expect(reader.prepare('SELECT COUNT(*) AS count FROM notes').get()).toEqual({ count: 0 });
    for (let i = 0; i < 200; i++) await note(`${i}`);
    const large = await database.walBytes();
    await pause(100); // nothing can be put away, but nobody waits for it either
    await note('again');
    expect(await database.walBytes()).toBeGreaterThanOrEqual(large);
    reader.close();
    await emptied(database);
    await note('still writes');
    await database.close();
  });

  it('can be emptied while fsck reads BLOBs beside a registry that writes', async () => {
    const data = await place.open();
    for (let i = 0; i < 5; i++) await data.store.registerEntry(entryOf((await put(data, `bundle ${i}`)).blob_id));
    const outside = new Database(place.at('registry.db'));
    const store = FileBlobStore.readOnly(place.at('blobs'));
    const busy: unknown[] = [];
    const size: typeof store.size = async (id) => {
      await data.store.appendEvent('backup.drill', {});
      busy.push(...(outside.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]).map((outcome) => outcome.busy));
      return store.size(id);
    };
    const database = await SqliteDatabase.open(place.at('registry.db'), 'read');
    const checkpoints = new FileCheckpointStore(place.at('checkpoints'));
    const blobs = { size, list: store.list.bind(store), read: store.read.bind(store) };
    expect(await verifyStores({ database, blobs, checkpoints })).toMatchObject({ ok: true, entries: 5, blobs: 5 });
    expect(busy).toEqual([0, 0, 0, 0, 0]);
    await database.close();
    outside.close();
  });
});
