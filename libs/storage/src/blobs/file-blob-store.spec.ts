import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { blake3Text } from '@cap/crypto';
import { contentOf, DataDirectory, pieces } from '../data.fixture.js';
import { FileBlobStore } from './file-blob-store.js';

let place: DataDirectory;
let store: FileBlobStore;
beforeEach(async () => {
  place = await DataDirectory.make();
  store = await FileBlobStore.open(place.at('blobs'));
});
afterEach(() => place.remove());

async function publish(...texts: (string | Uint8Array)[]) {
  const spooled = await store.spool(pieces(...texts), 10_000_000);
  await spooled.publish();
  return spooled.blob_id;
}
const fileOf = (id: string) => place.at('blobs', id.slice(2, 4), id.slice(4, 6), id.slice(2));
const leftovers = async () => (await readdir(place.at('blobs'))).filter((name) => name.startsWith('.tmp-'));

describe('BLOBs as files', () => {
  it('names a BLOB by the BLAKE3 of its bytes and puts it at ab/cd/<hex>', async () => {
    const id = await publish('hello ', 'world');
    expect(id).toBe(blake3Text('hello world'));
    expect(await readFile(fileOf(id), 'utf8')).toBe('hello world');
    expect((await stat(fileOf(id))).mode & 0o777).toBe(0o640);
    expect(await store.size(id)).toBe(11);
    expect((await contentOf(await store.read(id))).toString()).toBe('hello world');
    expect(await leftovers()).toEqual([]);
  });

  it('takes an empty BLOB', async () => {
    const id = await publish();
    expect(id).toBe(blake3Text(''));
    expect(await contentOf(await store.read(id))).toHaveLength(0);
  });

  it('is invisible until published, and gone when discarded', async () => {
    const spooled = await store.spool(pieces('x'), 10);
    expect(await store.size(spooled.blob_id)).toBeNull();
    await spooled.discard();
    expect(await leftovers()).toEqual([]);
  });

  it('measures the cap on the bytes that come and leaves nothing of what is too large', async () => {
    await expect(store.spool(pieces('12345', '67890', '1'), 10)).rejects.toMatchObject({
      kind: 'input',
      code: 'request.too-large',
    });
    await expect(store.spool(pieces('12345', '67890'), 10)).resolves.toMatchObject({ size: 10 });
    expect(await leftovers()).toHaveLength(1);
  });

  it('leaves nothing of a body that breaks off', async () => {
    async function* broken() {
      yield* pieces('half');
      throw new Error('connection reset');
    }
    await expect(store.spool(broken(), 100)).rejects.toThrow('connection reset');
    expect(await leftovers()).toEqual([]);
  });

  it('removes half-written files of an earlier process when it opens', async () => {
    await writeFile(place.at('blobs', '.tmp-0011223344556677'), 'half');
    const id = await publish('whole');
    await FileBlobStore.open(place.at('blobs'));
    expect(await leftovers()).toEqual([]);
    expect(await store.size(id)).toBe(5);
  });

  it('finds changed bytes while reading, before the last of them leave', async () => {
    const bytes = Buffer.alloc(300_000, 7);
    const id = await publish(bytes);
    bytes[0] = 8;
    await writeFile(fileOf(id), bytes);
    const received: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of (await store.read(id))!) received.push(piece as Buffer);
    })();
    await expect(reading).rejects.toMatchObject({ kind: 'io', code: 'blob.corrupt' });
    expect(Buffer.concat(received).length).toBeLessThan(bytes.length);
  });

  it('mends a rotten file when the same bytes come again', async () => {
    const id = await publish('good');
    await writeFile(fileOf(id), 'baad');
    expect(await publish('good')).toBe(id);
    expect((await contentOf(await store.read(id))).toString()).toBe('good');
  });

  it('reads parts', async () => {
    const id = await publish('0123456789');
    expect((await contentOf(await store.read(id, { first: 2, last: 4 }))).toString()).toBe('234');
    expect((await contentOf(await store.read(id, { first: 9, last: 9 }))).toString()).toBe('9');
  });

  it('knows nothing of what is not there, lists what is, removes', async () => {
    const ids = [await publish('a'), await publish('b')].sort();
    await mkdir(place.at('blobs', 'zz'), { recursive: true });
    expect(await store.read(blake3Text('c'))).toBeNull();
    expect(await store.size(blake3Text('c'))).toBeNull();
    const listed = [];
    for await (const id of store.list()) listed.push(id);
    expect(listed).toEqual(ids);
    await store.remove(ids[0]!);
    await store.remove(ids[0]!);
    expect(await store.size(ids[0]!)).toBeNull();
  });

  it('refuses names that are no BLOB ids', async () => {
    for (const name of ['0x../../etc/passwd', '', `0x${'A'.repeat(64)}`])
      await expect(store.read(name as `0x${string}`)).rejects.toMatchObject({ kind: 'input' });
  });

  it('says how much room there is', async () => {
    expect(await store.room()).toBeGreaterThan(0);
    expect(await leftovers()).toEqual([]);
  });
});
