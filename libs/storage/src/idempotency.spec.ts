import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contentOf, DataDirectory, digestOf, pieces, put } from './data.fixture.js';
import { KEY_RETENTION_MS } from './database/idempotency-keys.js';
import type { RegistryData } from './registry-data.js';

let place: DataDirectory;
let data: RegistryData;
beforeEach(async () => {
  place = await DataDirectory.make();
  data = await place.open();
});
afterEach(() => place.remove());

const LEASE_SECONDS = 20;
const LEASE_MS = LEASE_SECONDS * 1_000;
const later = (ms: number) => (place.clock = new Date(place.clock.getTime() + ms));
const key_id = digestOf('key');
const reserve = (lease_id = 'first', request = 'request') =>
  data.store.idempotency.reserve({ key_id, request_digest: digestOf(request), lease_id, lease_seconds: LEASE_SECONDS });
const answer = (lease_id = 'first', text = '{"first":1}') =>
  data.storeAnswer({ key_id, lease_id, status: 200 }, pieces(text), 1_000);
const IN_FLIGHT = { kind: 'conflict', code: 'idempotency.in-flight' };
const MISMATCH = { kind: 'conflict', code: 'idempotency.mismatch' };

describe('an idempotency key', () => {
  it('gives the first answer again, to the same request only', async () => {
    expect(await reserve()).toBeNull();
    await answer();
    const kept = (await reserve('second'))!;
    expect(kept.status).toBe(200);
    expect((await contentOf(await data.readBlob(kept.blob_id))).toString()).toBe('{"first":1}');
    await expect(reserve('second', 'other request')).rejects.toMatchObject(MISMATCH);
    const other = {
      key_id: digestOf('other'),
      request_digest: digestOf('x'),
      lease_id: 'x',
      lease_seconds: LEASE_SECONDS,
    };
    expect(await data.store.idempotency.reserve(other)).toBeNull();
  });

  it('is one caller’s while the first request runs; asking again under the same lease is no second request', async () => {
    const all = await Promise.allSettled(['a', 'b', 'c', 'd'].map((lease) => reserve(lease)));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    await expect(reserve('b')).rejects.toMatchObject(IN_FLIGHT);
    await expect(reserve('b', 'other request')).rejects.toMatchObject(MISMATCH);
    expect(await reserve('a')).toBeNull();
  });

  it('is free after a failure, and once the lease of a request that died has ended', async () => {
    await reserve('failed');
    await data.store.idempotency.release(key_id, 'failed');
    expect(await reserve('died', 'other request')).toBeNull();
    later(LEASE_MS - 1);
    await expect(reserve('next')).rejects.toMatchObject(MISMATCH);
    later(1);
    expect(await reserve('next')).toBeNull();
    // The one that was thought dead must neither answer for the next one nor take the key from it.
    await expect(answer('died', 'late')).rejects.toMatchObject(IN_FLIGHT);
    await expect(
      data.store.idempotency.renew(key_id, { lease_id: 'died', lease_seconds: LEASE_SECONDS }),
    ).rejects.toMatchObject(IN_FLIGHT);
    await data.store.idempotency.release(key_id, 'died');
    await expect(reserve('third')).rejects.toMatchObject(IN_FLIGHT);
    await answer('next');
    await data.store.idempotency.release(key_id, 'next');
    expect(await reserve('third')).toMatchObject({ status: 200 });
  });

  it('stays with a slow request that renews its lease', async () => {
    await reserve();
    for (let i = 0; i < 4; i++) {
      later(LEASE_MS - 1);
      await data.store.idempotency.renew(key_id, { lease_id: 'first', lease_seconds: LEASE_SECONDS });
    }
    await expect(reserve('second')).rejects.toMatchObject(IN_FLIGHT);
    await answer();
    expect(await reserve('second')).not.toBeNull();
  });

  it('is forgotten 24 h after its reservation, swept or not; its answer goes as an upload does', async () => {
    await reserve();
    later(1_000);
    await answer();
    later(KEY_RETENTION_MS - 1_001);
    expect(await data.sweepKeys()).toBe(0);
    expect(await reserve('second')).not.toBeNull();
    later(1);
    expect(await reserve('second', 'other request')).toBeNull();
    expect(await data.sweepKeys()).toBe(0);
    expect(await data.sweepUploads()).toBe(0);
    later(1_000);
    expect(await data.sweepUploads()).toBe(1);
  });

  it('never points to a BLOB that is gone', async () => {
    await reserve();
    await answer();
    later(KEY_RETENTION_MS);
    // Both have expired; the BLOB is swept first.
    expect(await data.sweepUploads()).toBe(1);
    expect(await data.sweepKeys()).toBe(0);
    expect((await place.fsck()).faults).toEqual([]);
  });

  it('is known after a restart, answered or not, and is no event of the log', async () => {
    await reserve();
    await place.close(data);
    data = await place.open();
    await expect(reserve('second')).rejects.toMatchObject(IN_FLIGHT);
    await answer();
    await place.close(data);
    data = await place.open();
    expect(await reserve('second')).toMatchObject({ status: 200 });
    expect(await data.store.totals()).toMatchObject({ log_size: 0 });
  });

  it('keeps no answer that is too large, and leaves the key as it was', async () => {
    await reserve();
    await expect(answer('first', 'x'.repeat(1_001))).rejects.toMatchObject({ code: 'request.too-large' });
    await expect(reserve('second')).rejects.toMatchObject(IN_FLIGHT);
  });

  it('goes with many others in groups', async () => {
    for (let i = 0; i < 450; i++)
      void data.store.idempotency.reserve({
        key_id: digestOf(`${i}`),
        request_digest: key_id,
        lease_id: 'x',
        lease_seconds: 1,
      });
    await put(data, 'after them');
    later(KEY_RETENTION_MS);
    expect(await data.sweepKeys()).toBe(450);
  });
});
