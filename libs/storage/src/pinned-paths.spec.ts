import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { DataDirectory, entryOf, put } from './data.fixture.js';
import { embeddedDescribe } from './profile.fixture.js';
import { RegistryData } from './registry-data.js';

/** A state below a directory that can be moved away as a whole. */
let place: DataDirectory;
let data: RegistryData;
beforeEach(async () => {
  place = await DataDirectory.make();
  await mkdir(place.at('state'));
  data = await RegistryData.open({
    database: place.at('state', 'registry.db'),
    blobs: place.at('state', 'blobs'),
    program: 'cap-registry',
  });
});
afterEach(async () => {
  await data.close();
  await place.remove();
});

const GONE = { kind: 'unavailable', code: 'storage.unavailable' };
const unavailable = (message: string) => ({ ...GONE, message: expect.stringContaining(message) });
const aside = () => place.at('aside');

embeddedDescribe('a place that was moved away under the process', () => {
  it.each([
    ['the whole directory', ''],
    ['the database', 'registry.db'],
    ['its write-ahead log', 'registry.db-wal'],
    ['the BLOBs', 'blobs'],
    ['the checkpoints', 'checkpoints'],
  ])('takes no write, and every write once it is back: %s', async (_what, name) => {
    const { blob_id } = await put(data, 'bundle');
    const at = place.at('state', name);
    await rename(at, aside());
    await expect(data['database'].registerEntry(entryOf(blob_id))).rejects.toMatchObject(unavailable(at));
    await expect(put(data, 'another')).rejects.toMatchObject(GONE);
    await rename(aside(), at);
    expect((await data['database'].registerEntry(entryOf(blob_id))).created).toBe(true);
  });

  it.each([
    ['database', 'registry.db'],
    ['blobs', 'blobs'],
    ['checkpoints', 'checkpoints'],
  ] as const)('is known by its name, also with a copy in its place: %s', async (place_, name) => {
    const at = place.at('state', name);
    await rename(at, aside());
    await cp(aside(), at, { recursive: true });
    expect(() => data.assertUnmoved(place_)).toThrow(`${at} is not the one that was opened`);
    await expect(data.store.appendEvent('backup.drill', {})).rejects.toMatchObject(GONE);
    await rm(at, { recursive: true });
    expect(() => data.assertUnmoved(place_)).toThrow(`${at} is gone (no such file or directory)`);
    await rename(aside(), at);
    data.assertUnmoved(place_);
  });

  it('is not made anew by a write', async () => {
    await put(data, 'bundle');
    for (const name of ['blobs', 'checkpoints']) {
      const at = place.at('state', name);
      await rename(at, aside());
      await expect(name === 'blobs' ? put(data, 'other') : data['checkpoints'].write(1, 'note')).rejects.toMatchObject(
        unavailable(at),
      );
      await rename(aside(), at); // would land inside of a new one
      expect(path.dirname(at)).toBe(place.at('state'));
      data.assertUnmoved(name as 'blobs');
    }
  });

  it('acknowledges no commit that was under way while it was moved', async () => {
    const { blob_id } = await put(data, 'bundle');
    const at = place.at('state');
    // In the middle of its own transaction, which then commits into the files where they are now.
    await expect(
      data['database'].removeIfUnreferenced(`0x${'0'.repeat(64)}`, () => rename(at, aside())),
    ).rejects.toMatchObject(unavailable(at));
    await rename(aside(), at);
    expect((await data.store.findBlob(blob_id))?.blob_id).toBe(blob_id);
  });
});
