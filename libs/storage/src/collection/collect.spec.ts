import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm, utimes } from 'node:fs/promises';
import fc from 'fast-check';
import { type Digest } from '@cap/crypto';
import { contentOf, DataDirectory, entryOf, pieces, put } from '../data.fixture.js';
import { verifyRegistry } from '../fsck/verify-registry.js';
import { type RegistryData, UPLOAD_RETENTION_MS } from '../registry-data.js';
import { type Collected } from './collect.js';

let place: DataDirectory;
let data: RegistryData;
beforeEach(async () => {
  place = await DataDirectory.make();
  data = await place.open();
});
afterEach(() => place.remove());

const HOUR = 3_600_000;
const nothing: Collected = { uploads: 0, orphans: 0, restored: 0, purged: 0, held_up: false };
const fileOf = (id: Digest) => place.at('blobs', id.slice(2, 4), id.slice(4, 6), id.slice(2));
const trashed = (id: Digest) => place.at('blobs', '.trash', id.slice(2));
const hasAge = (file: string, hours: number) => {
  const then = new Date(Date.now() - hours * HOUR);
  return utimes(file, then, then);
};

/** A file without a row, as a crash between the two leaves it. */
async function orphan(text: string, hours = 0): Promise<Digest> {
  const spooled = await data.blobs.spool(pieces(text), 1_000);
  await spooled.publish();
  await hasAge(fileOf(spooled.blob_id), hours);
  return spooled.blob_id;
}
async function inTrash(id: Digest, hours: number): Promise<void> {
  await data.blobs.trash(id);
  await hasAge(trashed(id), hours);
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
    expect(await idsIn(data.blobs.list())).toEqual([kept, young].sort());
    expect(await idsIn(data.blobs.listTrash())).toEqual([old]);
    await hasAge(trashed(old), 7 * 24 - 1);
    expect(await data.collect()).toEqual(nothing);
    await hasAge(trashed(old), 7 * 24 + 1);
    expect(await data.collect()).toEqual({ ...nothing, purged: 1 });
    expect(await idsIn(data.blobs.listTrash())).toEqual([]);
  });

  it('moves expired uploads to the trash, from where the same upload or a row brings them back', async () => {
    const { blob_id } = await put(data, 'an upload');
    place.clock = new Date(place.clock.getTime() + UPLOAD_RETENTION_MS);
    expect(await data.collect()).toEqual({ ...nothing, uploads: 1 });
    expect(await data.readBlob(blob_id)).toBeNull();
    await put(data, 'an upload');
    expect((await contentOf(await data.readBlob(blob_id))).toString()).toBe('an upload');
    await rm(trashed(blob_id));
    await data.blobs.trash(blob_id); // as if a process had died between the file and its second look
    expect(await data.collect()).toEqual({ ...nothing, restored: 1 });
    expect((await contentOf(await data.readBlob(blob_id))).toString()).toBe('an upload');
  });

  it('leaves everything while a snapshot is lent out', async () => {
    const id = await orphan('old', 25);
    const { id: lease } = await data.createSnapshot();
    expect(await data.collect()).toEqual({ ...nothing, held_up: true });
    expect(await data.blobs.size(id)).toBe(3);
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
          if (kind === 'lost') await data.blobs.trash(wanted.at(-1) as Digest);
          if (kind === 'expired') await put(data, text);
          if (kind === 'young' || kind === 'old') await orphan(text, kind === 'old' ? 30 : 0);
          if (kind.endsWith('trash')) await inTrash(await orphan(text), kind === 'trash' ? 1 : 200);
        }
        place.clock = new Date(place.clock.getTime() + UPLOAD_RETENTION_MS);
        for (const [i, kind] of things.entries())
          if (kind === 'upload') wanted.push((await put(data, `${run} ${i}`)).blob_id);
        const before = [await idsIn(data.blobs.list()), await idsIn(data.blobs.listTrash())];
        const dry = await data.collect({ dryRun: true });
        expect([await idsIn(data.blobs.list()), await idsIn(data.blobs.listTrash())]).toEqual(before);
        expect(await data.collect()).toEqual(dry);
        expect(dry).toMatchObject({
          orphans: things.filter((kind) => kind === 'old').length,
          restored: things.filter((kind) => kind === 'lost').length,
          purged: things.filter((kind) => kind === 'old trash').length,
        });
        for (const id of wanted) expect(await data.blobs.size(id as Digest)).not.toBeNull();
      }),
      { numRuns: 30 },
    );
    expect(await verifyRegistry(place.directory)).toMatchObject({ ok: true, faults: [] });
  }, 60_000);

  it('never loses a BLOB whose upload comes at the same time, in any order of steps', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const id = await orphan(`contested ${++run}`, 30);
        const other = await place.open({ database: place.at(`other-${run}`, 'registry.db') });
        const { store, blobs } = other;
        // Each step may come after any step of the other one; the file store is the real one.
        const steps = {
          trash: (each: Digest) => data.blobs.trash(each),
          restore: (each: Digest) => data.blobs.restore(each),
          size: (each: Digest) => data.blobs.size(each),
          list: () => data.blobs.list(new Date(Date.now() - 25 * HOUR)),
          // An object store that has the content already leaves it as it is.
          spool: async () => ({ blob_id: id, size: 11, publish: async () => {}, discard: async () => {} }),
        };
        Object.assign(blobs, steps, {
          restore: scheduler.scheduleFunction(steps.restore),
          size: scheduler.scheduleFunction(steps.size),
          spool: scheduler.scheduleFunction(steps.spool),
        });
        Object.assign(store, {
          whileUnwanted: scheduler.scheduleFunction(store.whileUnwanted.bind(store)),
          recordBlob: scheduler.scheduleFunction(store.recordBlob.bind(store)),
          wantedBlobs: scheduler.scheduleFunction(store.wantedBlobs),
        });
        const upload = put(other, 'whatever');
        await scheduler.waitFor(Promise.all([upload, other.collect()]));
        expect(await data.blobs.size(id)).not.toBeNull();
        await place.close(other);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
