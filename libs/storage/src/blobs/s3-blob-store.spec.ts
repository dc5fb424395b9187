import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { S3Location } from '@cap/config';
import type { Digest } from '@cap/crypto';
import { contentOf } from '../data.fixture.js';
import { S3Objects } from '../s3/s3-objects.js';
import { listed, publish, s3Place, type S3BlobPlace } from './blob-store.fixture.js';
import { S3BlobStore } from './s3-blob-store.js';

let place: S3BlobPlace;
let clock: Date | undefined;
const others: S3Objects[] = [];
beforeEach(async () => {
  clock = undefined;
  place = await s3Place({ pageSize: 3, now: () => clock ?? new Date() });
});
afterEach(async () => {
  for (const objects of others.splice(0)) objects.close();
  await place.remove();
});

const textOf = async (id: Digest) => (await contentOf(await place.store.read(id))).toString();
const puts = () => place.double.requests.filter((line) => line.startsWith('PUT'));

/** A store in the same place, but for what is said. */
async function storeWith(change: Partial<S3Location>): Promise<S3BlobStore> {
  const objects = await S3Objects.open({ ...place.double.place, prefix: 'cap/', ...change });
  others.push(objects);
  return new S3BlobStore(objects);
}

describe('BLOBs in a bucket', () => {
  it('are at <prefix>blobs/ab/cd/<hex>', async () => {
    const id = await publish(place.store, 'hello');
    expect([...place.double.objects.keys()]).toEqual([place.keyOf(id)]);
    expect(place.double.objects.get(place.keyOf(id))!.body.toString()).toBe('hello');
  });

  it('share the bucket with other prefixes, and with names that are none of ours', async () => {
    const id = await publish(place.store, 'mine');
    const other = await storeWith({ prefix: 'other & more/' });
    const theirs = await publish(other, 'theirs');
    place.double.objects.set('cap/blobs/note', { body: Buffer.from(''), modified: new Date() });
    place.double.objects.set(`cap/blobs/00/11/${id.slice(2)}`, { body: Buffer.from(''), modified: new Date() });
    expect(await listed(place.store.list())).toEqual([id]);
    expect(await listed(other.list())).toEqual([theirs]);
    await other.trash(theirs);
    expect(await other.restore(theirs)).toBe(true);
    expect((await contentOf(await other.read(theirs))).toString()).toBe('theirs');
  });

  it('are listed over several pages', async () => {
    const ids: Digest[] = [];
    for (let i = 0; i < 10; i++) ids.push(await publish(place.store, `blob ${i}`));
    expect(await listed(place.store.list())).toEqual(ids.sort());
    expect(place.double.requests.filter((line) => line === 'GET ')).toHaveLength(4);
    for (const id of ids) await place.store.trash(id);
    expect(await place.store.purgeTrash(new Date(Date.now() + 60_000))).toBe(10);
    expect(place.double.objects.size).toBe(0);
  });

  it('are not sent again if they are there', async () => {
    await publish(place.store, 'x');
    const { modified } = [...place.double.objects.values()][0]!;
    await publish(place.store, 'x');
    expect([...place.double.objects.values()][0]!.modified).toBe(modified);
    expect(puts()).toHaveLength(2);
  });

  it('survive two writers who race', async () => {
    const bytes = Buffer.alloc(3_000_000, 'race');
    const second = await storeWith({});
    place.double.fail({ fault: 'delay', delay_ms: 100, method: 'PUT' });
    const ids = await Promise.all([publish(place.store, bytes), publish(second, bytes)]);
    expect(ids[0]).toBe(ids[1]);
    expect((await contentOf(await place.store.read(ids[0]!))).equals(bytes)).toBe(true);
  });

  it('are taken again from the trash although a copy broke off before the deletion', async () => {
    const id = await publish(place.store, 'x');
    place.double.fail({ fault: 'reset', method: 'DELETE', times: 4 });
    await expect(place.store.trash(id)).rejects.toMatchObject({ code: 'storage.unreachable' });
    expect(await textOf(id)).toBe('x');
    await place.store.trash(id);
    expect(await listed(place.store.list())).toEqual([]);
    expect(await listed(place.store.listTrash())).toEqual([id]);
  });
});

describe('an object store that falters', () => {
  it.each(['slow-down', 'reset', 'lost-answer'] as const)('%s: for a while, then fine', async (fault) => {
    for (const size of [5, 3_000_000]) {
      const bytes = Buffer.alloc(size, fault);
      place.double.fail({ fault, times: 2, method: 'PUT' });
      const id = await publish(place.store, bytes);
      place.double.fail({ fault, method: 'GET' });
      expect((await contentOf(await place.store.read(id))).equals(bytes)).toBe(true);
      place.double.fail({ fault, method: 'HEAD' });
      expect(await place.store.size(id)).toBe(size);
    }
  });

  it('for good: unavailable, after a few tries, and nothing is published', async () => {
    place.double.fail({ fault: 'slow-down', times: 100 });
    await expect(publish(place.store, 'x')).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'storage.unreachable',
      message: expect.stringMatching(/the object store does not answer \(HTTP 503 SlowDown\)/),
    });
    expect(puts()).toHaveLength(4);
    await expect(place.store.freeBytes()).rejects.toMatchObject({ code: 'storage.unreachable' });
    expect(place.double.objects.size).toBe(0);
  });

  it('an answer that ends too early is an error, never a shorter BLOB', async () => {
    const id = await publish(place.store, Buffer.alloc(400_000, 1));
    for (const range of [undefined, { first: 0, last: 399_999 }]) {
      place.double.fail({ fault: 'half', method: 'GET' });
      await expect(contentOf(await place.store.read(id, range))).rejects.toMatchObject({
        code: 'storage.unreachable',
      });
    }
  });

  it('nobody listens: unavailable', async () => {
    const store = await storeWith({ endpoint: 'http://127.0.0.1:1' });
    await expect(store.freeBytes()).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'storage.unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('says nothing on the console', async () => {
    const spies = (['log', 'warn', 'error'] as const).map((name) => jest.spyOn(console, name));
    place.double.fail({ fault: 'reset', times: 2, method: 'PUT' });
    await publish(place.store, 'x');
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });
});

describe('an object store that gives no access', () => {
  const secrets = /TESTKEYID|test\/secret|wrong-secret|WRONGKEY/;

  it.each([
    ['a wrong secret', { secret_access_key: 'wrong-secret' }, 'storage.denied', /HTTP 403 SignatureDoesNotMatch/],
    ['an unknown key', { access_key_id: 'WRONGKEY' }, 'storage.denied', /HTTP 403 InvalidAccessKeyId/],
    ['no such bucket', { bucket: 'elsewhere' }, 'storage.bucket', /HTTP 404 NoSuchBucket/],
    ['another region', { region: 'eu-else-1' }, 'storage.bucket', /HTTP 400 AuthorizationHeaderMalformed/],
  ])('%s', async (_name, change, code, message) => {
    const store = await storeWith(change);
    const id = await publish(place.store, 'there');
    for (const using of [
      () => store.freeBytes(),
      () => publish(store, 'x'),
      () => store.read(id),
      () => listed(store.list()),
      () => store.remove(id),
      () => store.trash(id),
    ]) {
      const error = await using().catch((caught: unknown) => caught);
      expect(error).toMatchObject({ kind: 'io', code, message: expect.stringMatching(message) });
      expect((error as Error).message).not.toMatch(secrets);
      expect((error as Error).cause).toBeUndefined();
    }
    expect(place.double.objects.size).toBe(1);
  });

  it('to a request without a body in its answer either', async () => {
    const store = await storeWith({ secret_access_key: 'wrong-secret' });
    await expect(store.size(await publish(place.store, 'x'))).rejects.toMatchObject({ code: 'storage.denied' });
  });

  it('a clock that is wrong by less than a day is put right', async () => {
    clock = new Date(Date.now() + 40 * 60_000);
    const id = await publish(place.store, 'x');
    expect(await textOf(id)).toBe('x');
  });
});
