import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { chainFault } from '@cap/tlog';
import { contentOf, copySnapshot, DataDirectory, entryOf, policyOf, put, type WholeRegistry } from '../data.fixture.js';
import { RegistryReader } from '../database/registry-reader.js';
import { verifyRegistry } from '../fsck/verify-registry.js';
import { embeddedIt, scaleOutIt } from '../profile.fixture.js';
import { UPLOAD_RETENTION_MS } from '../registry-data.js';
import { HEARTBEAT_MS, LEASE_MS, CREATION_LEASE_MS } from './snapshots.js';

let place: DataDirectory;
let data: WholeRegistry;
beforeEach(async () => {
  place = await DataDirectory.make();
  data = await place.open();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await place.remove();
});

const later = (ms: number) => (place.clock = new Date(place.clock.getTime() + ms));

async function register(name: string) {
  const { blob_id } = await put(data, `bundle ${name}`);
  return (await data.store.registerEntry(entryOf(blob_id))).record;
}

describe('snapshots', () => {
  it('are one state while writes go on: a prefix of the acknowledged history, whole', async () => {
    const acknowledged: number[] = [];
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, worker) => {
      for (let i = 0; writing; i++) acknowledged.push((await register(`${worker}/${i}`)).log_index);
    });
    try {
      while (acknowledged.length < 20) await setImmediate();
      for (let i = 0; i < 3; i++) {
        const before = acknowledged.length;
        const snapshot = await copySnapshot(data, place.at(`copy-${i}`));
        expect(snapshot.log_size).toBeGreaterThanOrEqual(before);
        const verified = await verifyRegistry(place.at(`copy-${i}`));
        expect(verified).toMatchObject({
          ok: true,
          faults: [],
          log_size: snapshot.log_size,
          head_digest: snapshot.head_digest,
          entries: snapshot.log_size,
        });
        expect(existsSync(place.at(`copy-${i}`, 'registry.db-wal'))).toBe(false);
      }
    } finally {
      writing = false;
      await Promise.all(writers);
    }
    const log = await data.store.listEvents(0, 100_000);
    expect(log.length).toBe(acknowledged.length);
  }, 120_000);

  const large = async () => {
    for (let i = 0; i < 6; i++) await data.store.storePolicy(policyOf('large', `${i}`, `${i}`.padEnd(4_000_000, '.')));
  };

  scaleOutIt('are of when they were asked for: what is committed while the copy runs is not in it', async () => {
    await large();
    const copying = data.store.copyTo(place.at('copy.db'));
    // The server has to be asked first.
    while (!existsSync(place.at('copy.db'))) await new Promise((resolve) => setTimeout(resolve, 1));
    await data.store.appendEvent('backup.drill', {});
    await copying;
    const copy = await RegistryReader.open(place.at('copy.db'));
    expect((await copy.totals()).log_size).toBe(6);
    await copy.close();
  });

  embeddedIt('hold no state of a file: its write-ahead log can be emptied while the copy runs', async () => {
    await large();
    const outside = new Database(place.at('registry.db'));
    let copied = false;
    const copying = data.store.copyTo(place.at('copy.db')).then(() => (copied = true));
    await data.store.appendEvent('backup.drill', {}); // its turn comes when the copy has begun
    expect(copied).toBe(false);
    expect(outside.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0 }]);
    outside.close();
    await copying;
    const copy = await RegistryReader.open(place.at('copy.db'));
    const log = await copy.listEvents(0, 10);
    log.forEach((event, i) => expect(chainFault(log[i - 1] ?? null, event)).toBeNull());
    expect(log).toHaveLength(7); // what is committed while it runs is in it
    await copy.close();
  });

  it('are lent to one at a time, for a time that use prolongs', async () => {
    const first = await data.createSnapshot();
    await expect(data.createSnapshot()).rejects.toMatchObject({ kind: 'busy', code: 'snapshot.busy' });
    later(LEASE_MS - 1);
    expect((await data.snapshots.find(first.id)).id).toBe(first.id);
    later(LEASE_MS - 1);
    expect((await data.snapshots.find(first.id)).id).toBe(first.id);
    later(LEASE_MS);
    await expect(data.snapshots.find(first.id)).rejects.toMatchObject({ kind: 'missing', code: 'snapshot.unknown' });
    const second = await data.createSnapshot();
    await expect(data.snapshots.database(first.id)).rejects.toMatchObject({ code: 'snapshot.unknown' });
    await data.snapshots.release(second.id);
    await expect(data.snapshots.release(second.id)).rejects.toMatchObject({ code: 'snapshot.unknown' });
  });

  it('of two asked for at once one is refused', async () => {
    const outcomes = await Promise.allSettled([data.createSnapshot(), data.createSnapshot()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('that a process died over block the next one for no longer than a minute', async () => {
    const copying = Promise.withResolvers<void>();
    const copy = jest.spyOn(data.store, 'copyTo').mockReturnValueOnce(copying.promise);
    const dead = data.createSnapshot();
    while (copy.mock.calls.length === 0) await setImmediate();
    later(CREATION_LEASE_MS - 1);
    await expect(data.createSnapshot()).rejects.toMatchObject({ code: 'snapshot.busy' });
    later(1);
    expect(CREATION_LEASE_MS).toBeLessThanOrEqual(60_000);
    const next = await data.createSnapshot();
    // Should it only have slept, it notices, and leaves the other's copy alone.
    copying.reject(new Error('woken up'));
    await expect(dead).rejects.toThrow('woken up');
    expect((await contentOf(await data.snapshots.database(next.id))).length).toBe(next.database_size);
  });

  it('that take long keep their lease by a heartbeat; one that has run out is not revived', async () => {
    const timers = jest.spyOn(globalThis, 'setInterval');
    const { copyTo } = data.store;
    const copying = Promise.withResolvers<void>();
    const copy = jest.spyOn(data.store, 'copyTo').mockImplementationOnce(async (file) => {
      await copying.promise;
      await copyTo.call(data.store, file);
    });
    const slow = data.createSnapshot();
    while (copy.mock.calls.length === 0) await setImmediate();
    const heartbeat = timers.mock.calls.find(([, ms]) => ms === HEARTBEAT_MS)![0];
    const beat = async () => {
      heartbeat();
      await data.store.appendEvent('backup.drill', {}); // behind the renewal in the queue
    };
    for (let i = 0; i < 3; i++) {
      later(CREATION_LEASE_MS - 1);
      await beat();
    }
    expect(await data.snapshots.active()).toBe(true);
    later(CREATION_LEASE_MS);
    await beat();
    expect(await data.snapshots.active()).toBe(false);
    copying.resolve();
    await expect(slow).rejects.toMatchObject({ code: 'snapshot.unknown' });
  });

  it('hold back sweeping, and list an upload that expires meanwhile', async () => {
    const { blob_id } = await put(data, 'upload');
    later(UPLOAD_RETENTION_MS - 1);
    const snapshot = await data.createSnapshot();
    later(1);
    expect(await data.sweepUploads()).toBe(0);
    expect((await data.snapshots.blobs(snapshot.id, { limit: 10 })).items).toEqual([{ blob_id, size: 6 }]);
    expect(await data['blobs'].size(blob_id)).toBe(6);
    await data.snapshots.release(snapshot.id);
    expect(await data.sweepUploads()).toBe(1);
  });

  embeddedIt('a copy that a dead process left is removed (embedded)', async () => {
    await data.createSnapshot();
    await place.close(data);
    await mkdir(place.at('snapshots'), { recursive: true });
    await writeFile(place.at('snapshots', 'left.db'), 'x');
    data = await place.open();
    expect(existsSync(place.at('snapshots', 'left.db'))).toBe(false);
  });
});
