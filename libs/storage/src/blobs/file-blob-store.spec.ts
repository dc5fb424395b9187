import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { pieces } from '../data.fixture.js';
import { type FilePlace, filePlace, listed, publish } from './blob-store.fixture.js';

let place: FilePlace;
beforeEach(async () => void (place = await filePlace()));
afterEach(() => place.remove());

const leftovers = async () => (await readdir(place.directory.at('blobs'))).filter((name) => name.startsWith('.tmp-'));

describe('BLOBs as files', () => {
  it('are at ab/cd/<hex>, not for everybody', async () => {
    const id = await publish(place.store, 'hello world');
    expect(await readFile(place.fileOf(id), 'utf8')).toBe('hello world');
    expect((await stat(place.fileOf(id))).mode & 0o777).toBe(0o640);
    expect(await leftovers()).toEqual([]);
  });

  it('leave nothing of what is too large, breaks off or is discarded', async () => {
    async function* broken() {
      yield* pieces('half');
      throw new Error('connection reset');
    }
    await expect(place.store.spool(pieces('12345', '6'), 5)).rejects.toThrow();
    await expect(place.store.spool(broken(), 100)).rejects.toThrow();
    expect(await leftovers()).toEqual([]);
    const spooled = await place.store.spool(pieces('12345'), 5);
    expect(await leftovers()).toHaveLength(1);
    await spooled.discard();
    expect(await leftovers()).toEqual([]);
  });

  it('half-written ones of an earlier process are removed on opening', async () => {
    await writeFile(place.directory.at('blobs', '.tmp-0011223344556677'), 'half');
    const id = await publish(place.store, 'whole');
    const reopened = await place.reopen();
    expect(await leftovers()).toEqual([]);
    expect(await reopened.size(id)).toBe(5);
  });

  it('are listed without what else is in the directory', async () => {
    const id = await publish(place.store, 'a');
    await mkdir(place.directory.at('blobs', 'zz'));
    await mkdir(place.directory.at('blobs', '00', '11'), { recursive: true });
    await writeFile(place.directory.at('blobs', '00', '11', 'note'), '');
    await writeFile(place.directory.at('blobs', '00', '11', id.slice(2)), 'in a wrong place');
    expect(await listed(place.store.list())).toEqual([id]);
  });

  it('go to .trash, and count from when they went there', async () => {
    const id = await publish(place.store, 'old');
    const long = new Date('2020-01-01T00:00:00Z');
    await utimes(place.fileOf(id), long, long);
    await place.store.trash(id);
    expect(await readFile(place.directory.at('blobs', '.trash', id.slice(2)), 'utf8')).toBe('old');
    expect(await place.store.purgeTrash(new Date(Date.now() - 60_000))).toBe(0);
    expect(await leftovers()).toEqual([]);
  });
});
