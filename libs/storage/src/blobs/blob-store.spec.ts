import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { blake3Text, type Digest } from '@cap/crypto';
import { TEMPORARY_PREFIX } from '@cap/core/files';
import { contentOf, pieces } from '../data.fixture.js';
import type { BlobStore } from '../stores.js';
import { type BlobPlace, filePlace, listed, publish, s3Place } from './blob-store.fixture.js';

/** What every driver of the BLOB store promises. */
describe.each<[string, () => Promise<BlobPlace>]>([
  ['files', filePlace],
  ['objects of a bucket', () => s3Place({ pageSize: 2 })],
])('BLOBs as %s', (_name, make) => {
  let place: BlobPlace;
  let store: BlobStore;
  beforeEach(async () => {
    place = await make();
    store = place.store;
  });
  afterEach(() => place.remove());

  const textOf = async (id: Digest) => (await contentOf(await store.read(id))).toString();

  it('names a BLOB by the BLAKE3 of its bytes', async () => {
    const id = await publish(store, 'hello ', 'world');
    expect(id).toBe(blake3Text('hello world'));
    expect(await store.size(id)).toBe(11);
    expect(await textOf(id)).toBe('hello world');
  });

  it('takes an empty BLOB', async () => {
    const id = await publish(store);
    expect(id).toBe(blake3Text(''));
    expect(await store.size(id)).toBe(0);
    expect(await contentOf(await store.read(id))).toHaveLength(0);
  });

  it('takes a large one', async () => {
    const bytes = Buffer.alloc(5_000_000, 'large');
    const id = await publish(store, bytes);
    expect((await contentOf(await store.read(id))).equals(bytes)).toBe(true);
  });

  it('takes the same bytes again', async () => {
    const id = await publish(store, 'twice');
    expect(await publish(store, 'twi', 'ce')).toBe(id);
    expect(await listed(store.list())).toEqual([id]);
    expect(await textOf(id)).toBe('twice');
  });

  it('takes the same bytes twice at once', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => publish(store, Buffer.alloc(300_000, 1))));
    expect(new Set(ids).size).toBe(1);
    expect((await contentOf(await store.read(ids[0]!))).equals(Buffer.alloc(300_000, 1))).toBe(true);
  });

  it('is invisible until published, and gone when discarded', async () => {
    const spooled = await store.spool(pieces('x'), 10);
    expect(await store.size(spooled.blob_id)).toBeNull();
    expect(await listed(store.list())).toEqual([]);
    await spooled.discard();
    expect(await store.size(spooled.blob_id)).toBeNull();
  });

  it('measures the cap on the bytes that come', async () => {
    await expect(store.spool(pieces('12345', '67890', '1'), 10)).rejects.toMatchObject({
      kind: 'input',
      code: 'request.too-large',
    });
    const spooled = await store.spool(pieces('12345', '67890'), 10);
    expect(spooled.size).toBe(10);
    await spooled.discard();
  });

  it('gives the error of a body that breaks off', async () => {
    async function* broken() {
      yield* pieces('half');
      throw new Error('connection reset');
    }
    await expect(store.spool(broken(), 100)).rejects.toThrow('connection reset');
  });

  it('finds changed bytes while reading, before the last of them leave', async () => {
    const bytes = Buffer.alloc(300_000, 7);
    const id = await publish(store, bytes);
    bytes[0] = 8;
    await place.overwrite(id, bytes);
    const received: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of (await store.read(id))!) received.push(piece as Buffer);
    })();
    await expect(reading).rejects.toMatchObject({ kind: 'io', code: 'blob.corrupt' });
    expect(Buffer.concat(received).length).toBeLessThan(bytes.length);
  });

  it.each([
    ['of the same length', 'baad'],
    ['cut off', 'go'],
    ['empty', ''],
  ])('mends a rotten BLOB (%s) when the same bytes come again', async (_kind, rotten) => {
    const id = await publish(store, 'good');
    await place.overwrite(id, rotten);
    expect(await publish(store, 'good')).toBe(id);
    expect(await textOf(id)).toBe('good');
  });

  it('reads parts', async () => {
    const id = await publish(store, '0123456789');
    expect((await contentOf(await store.read(id, { first: 2, last: 4 }))).toString()).toBe('234');
    expect((await contentOf(await store.read(id, { first: 9, last: 9 }))).toString()).toBe('9');
    expect((await contentOf(await store.read(id, { first: 8, last: 99 }))).toString()).toBe('89');
    expect(await contentOf(await store.read(id, { first: 10, last: 12 }))).toHaveLength(0);
    expect(await store.read(blake3Text('c'), { first: 0, last: 1 })).toBeNull();
  });

  it('lets a reader go before the end', async () => {
    const id = await publish(store, Buffer.alloc(4_000_000));
    for (let i = 0; i < 60; i++) (await store.read(id))!.destroy(); // more than a pool has connections
    for await (const piece of (await store.read(id))!) {
      expect((piece as Buffer).length).toBeGreaterThan(0);
      break;
    }
    expect(await contentOf(await store.read(id))).toHaveLength(4_000_000);
  });

  it('knows nothing of what is not there, lists what is in the order of ids, removes', async () => {
    const ids: Digest[] = [];
    for (const text of ['a', 'b', 'c', 'd', 'e']) ids.push(await publish(store, text));
    ids.sort();
    expect(await store.read(blake3Text('z'))).toBeNull();
    expect(await store.size(blake3Text('z'))).toBeNull();
    expect(await listed(store.list())).toEqual(ids);
    await store.remove(ids[0]!);
    await store.remove(ids[0]!);
    expect(await store.size(ids[0]!)).toBeNull();
    expect(await listed(store.list())).toEqual(ids.slice(1));
  });

  it('refuses names that are no BLOB ids', async () => {
    for (const name of ['0x../../etc/passwd', '', `0x${'A'.repeat(64)}`] as Digest[])
      for (const using of [() => store.read(name), () => store.size(name), () => store.trash(name)])
        await expect((async () => using())()).rejects.toMatchObject({ kind: 'input', code: 'request.schema' });
  });

  it('says how much room there is', async () => {
    expect(await store.freeBytes()).toBeGreaterThan(0);
    expect(await listed(store.list())).toEqual([]);
  });

  it('leaves no temporary file in the directory of the system', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith(TEMPORARY_PREFIX));
    const spooled = await store.spool(pieces('x'), 10);
    await expect(store.spool(pieces('too large'), 1)).rejects.toThrow();
    const now = (await readdir(tmpdir())).filter((name) => name.startsWith(TEMPORARY_PREFIX));
    expect(now.filter((name) => !before.includes(name))).toEqual([]);
    await spooled.discard();
  });

  describe('the trash', () => {
    const past = new Date(Date.now() - 3_600_000);
    const future = new Date(Date.now() + 3_600_000);

    it('hides a BLOB until it is brought back', async () => {
      const id = await publish(store, 'wanted after all');
      const other = await publish(store, 'other');
      await store.trash(id);
      expect(await store.size(id)).toBeNull();
      expect(await store.read(id)).toBeNull();
      expect(await listed(store.list())).toEqual([other]);
      expect(await listed(store.listTrash())).toEqual([id]);
      expect(await store.restore(id)).toBe(true);
      expect(await textOf(id)).toBe('wanted after all');
      expect(await listed(store.listTrash())).toEqual([]);
    });

    it('outlives the process', async () => {
      const id = await publish(store, 'kept');
      await store.trash(id);
      const later = await place.reopen();
      expect(await listed(later.listTrash())).toEqual([id]);
      expect(await later.restore(id)).toBe(true);
    });

    it('takes no notice of what is not there', async () => {
      const id = blake3Text('nothing');
      expect(await listed(store.listTrash())).toEqual([]);
      await store.trash(id);
      expect(await store.restore(id)).toBe(false);
      expect(await store.purgeTrash(future)).toBe(0);
    });

    it('is emptied of what came before a moment, however old the BLOB is', async () => {
      const ids = [await publish(store, '1'), await publish(store, '2'), await publish(store, '3')].sort();
      await store.trash(ids[0]!);
      await store.trash(ids[1]!);
      expect(await store.purgeTrash(past)).toBe(0);
      expect(await listed(store.listTrash())).toEqual(ids.slice(0, 2));
      expect(await store.purgeTrash(future)).toBe(2);
      expect(await listed(store.listTrash())).toEqual([]);
      expect(await store.restore(ids[0]!)).toBe(false);
      expect(await listed(store.list())).toEqual(ids.slice(2));
    });

    it('does not hold back the same bytes when they come again', async () => {
      const id = await publish(store, 'again');
      await store.trash(id);
      expect(await publish(store, 'again')).toBe(id);
      expect(await store.purgeTrash(future)).toBe(1);
      expect(await textOf(id)).toBe('again');
    });
  });
});
