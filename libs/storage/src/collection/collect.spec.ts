import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CollectionResult } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import { contentOf, DataDirectory, entryOf, pieces, put, type WholeRegistry } from '../data.fixture.js';
import { PROFILE } from '../profile.fixture.js';
import { UPLOAD_RETENTION_MS } from '../registry-data.js';

let place: DataDirectory;
let data: WholeRegistry;
beforeEach(async () => {
  place = await DataDirectory.make();
  data = await place.open();
});
afterEach(() => place.remove());

const nothing: CollectionResult = { uploads: 0, orphans: 0, restored: 0, purged: 0, blocked_by_snapshot: false };

/** A file without a row, as a crash between the two leaves it. */
async function orphan(text: string, hours = 0): Promise<Digest> {
  const spooled = await data['blobs'].spool(pieces(text), 1_000);
  await spooled.publish();
  await place.hasAge(spooled.blob_id, hours);
  return spooled.blob_id;
}
async function inTrash(id: Digest, hours: number): Promise<void> {
  await data['blobs'].trash(id);
  await place.hasAge(id, hours, 'trash');
}
async function registered(text: string): Promise<Digest> {
  const { blob_id } = await put(data, text);
  await data.store.registerEntry(entryOf(blob_id));
  return blob_id;
}
const idsIn = async (ids: AsyncIterable<Digest>) => {
  const all: Digest[] = [];
  for await (const id of ids) all.push(id);
  return all;
};

describe('collection', () => {
  it('moves a file without a row to the trash after the grace period, and removes it after another', async () => {
    const kept = await registered('bundle');
    const young = await orphan('young', 23);
    const old = await orphan('old', 25);
    expect(await data.collect()).toEqual({ ...nothing, orphans: 1 });
    expect(await idsIn(data['blobs'].list())).toEqual([kept, young].sort());
    expect(await idsIn(data['blobs'].listTrash())).toEqual([old]);
    await place.hasAge(old, 7 * 24 - 1, 'trash');
    expect(await data.collect()).toEqual(nothing);
    await place.hasAge(old, 7 * 24 + 1, 'trash');
    expect(await data.collect()).toEqual({ ...nothing, purged: 1 });
    expect(await idsIn(data['blobs'].listTrash())).toEqual([]);
  });

  it('moves expired uploads to the trash, from where the same upload or a row brings them back', async () => {
    const { blob_id } = await put(data, 'an upload');
    place.clock = new Date(place.clock.getTime() + UPLOAD_RETENTION_MS);
    expect(await data.collect()).toEqual({ ...nothing, uploads: 1 });
    expect(await data.readBlob(blob_id)).toBeNull();
    await put(data, 'an upload');
    expect((await contentOf(await data.readBlob(blob_id))).toString()).toBe('an upload');
    await data['blobs'].trash(blob_id); // as if a process had died between the file and its second look
    expect(await data.collect()).toEqual({ ...nothing, restored: 1 });
    expect((await contentOf(await data.readBlob(blob_id))).toString()).toBe('an upload');
  });

  it('leaves everything while a snapshot is in use', async () => {
    const id = await orphan('old', 25);
    const { id: lease } = await data.createSnapshot();
    expect(await data.collect()).toEqual({ ...nothing, blocked_by_snapshot: true });
    expect(await data['blobs'].size(id)).toBe(3);
    await data.snapshots.release(lease);
    expect(await data.collect()).toEqual({ ...nothing, orphans: 1 });
  });

  it('says in a dry run what a real run does, and never takes what a row wants', async () => {
    const thing = fc.constantFrom('registered', 'lost', 'upload', 'expired', 'young', 'old', 'trash', 'old trash');
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(thing, { maxLength: 8 }), async (things) => {
        const wanted: string[] = [];
        run++;
        for (const [i, kind] of things.entries()) {
          const text = `${run} ${i}`;
          if (kind === 'registered' || kind === 'lost') wanted.push(await registered(text));
          if (kind === 'lost') await data['blobs'].trash(wanted.at(-1) as Digest);
          if (kind === 'expired') await put(data, text);
          if (kind === 'young' || kind === 'old') await orphan(text, kind === 'old' ? 30 : 0);
          if (kind.endsWith('trash')) await inTrash(await orphan(text), kind === 'trash' ? 1 : 200);
        }
        place.clock = new Date(place.clock.getTime() + UPLOAD_RETENTION_MS);
        for (const [i, kind] of things.entries())
          if (kind === 'upload') wanted.push((await put(data, `${run} ${i}`)).blob_id);
        const before = [await idsIn(data['blobs'].list()), await idsIn(data['blobs'].listTrash())];
        const dry = await data.collect({ dry_run: true });
        expect([await idsIn(data['blobs'].list()), await idsIn(data['blobs'].listTrash())]).toEqual(before);
        expect(await data.collect()).toEqual(dry);
        expect(dry).toMatchObject({
          orphans: things.filter((kind) => kind === 'old').length,
          restored: things.filter((kind) => kind === 'lost').length,
          purged: things.filter((kind) => kind === 'old trash').length,
        });
        for (const id of wanted) expect(await data['blobs'].size(id as Digest)).not.toBeNull();
      }),
      { numRuns: 30 },
    );
    expect(await place.fsck()).toMatchObject({ ok: true, faults: [] });
  }, 60_000);

  it.each(interleavings(4, 2))('never loses a BLOB that is uploaded at the same time, steps %s', async (order) => {
    const turns = new Turns(order);
    const id = await orphan('contested', 30);
    const { store } = data;
    const blobs = data['blobs'];
    // Two processes share the stores; each step comes when it is its turn. An object store that has the content already leaves it as it is.
    const uploading = await place.open(PROFILE === 'embedded' ? { database: place.at('other', 'registry.db') } : {});
    const spooled = { blob_id: id, size: 9, discard: () => Promise.resolve() };
    Object.assign(uploading['blobs'], {
      spool: () => Promise.resolve({ ...spooled, publish: () => turns.take('u', () => Promise.resolve()) }),
      size: (each: Digest) => turns.take('u', () => blobs.size(each)),
      restore: (each: Digest) => turns.take('u', () => blobs.restore(each)),
    });
    Object.assign(uploading.store, {
      recordBlob: (...all: Parameters<typeof store.recordBlob>) => turns.take('u', () => store.recordBlob(...all)),
    });
    const [referencedBlobs, removeIfUnreferenced] = [
      store.referencedBlobs.bind(store),
      store.removeIfUnreferenced.bind(store),
    ];
    Object.assign(store, {
      referencedBlobs: (ids: Digest[]) => turns.take('c', () => referencedBlobs(ids)),
      removeIfUnreferenced: (...all: Parameters<typeof removeIfUnreferenced>) =>
        turns.take('c', () => removeIfUnreferenced(...all)),
    });
    await Promise.all([
      put(uploading, 'contested').finally(() => turns.leave('u')),
      data.collect().finally(() => turns.leave('c')),
    ]);
    expect(await blobs.size(id)).toBe(9);
    expect(await place.fsck()).toMatchObject({ ok: true, faults: [] });
  });
});

/** Every order of `u` steps of an upload and `c` steps of a collection, as texts like `uucu…`. */
function interleavings(u: number, c: number): string[] {
  if (u === 0 || c === 0) return ['u'.repeat(u) + 'c'.repeat(c)];
  return [...interleavings(u - 1, c).map((rest) => `u${rest}`), ...interleavings(u, c - 1).map((rest) => `c${rest}`)];
}

class Turns {
  #waiting: (() => void)[] = [];
  constructor(private order: string) {}

  async take<T>(actor: string, step: () => Promise<T>): Promise<T> {
    while (this.order !== '' && !this.order.startsWith(actor))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await step();
    } finally {
      this.#next(this.order.slice(1));
    }
  }

  /** Has no more steps: the others go on. */
  leave(actor: string): void {
    this.#next(this.order.replaceAll(actor, ''));
  }

  #next(order: string): void {
    this.order = order;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
