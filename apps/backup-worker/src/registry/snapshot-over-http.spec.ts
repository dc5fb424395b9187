import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BackupRuns } from '../backups/backup-runs.js';
import { as, type Worker, World } from '../worker.fixture.js';

let world: World;
let worker: Worker;
beforeAll(async () => void (world = await World.start()));
afterAll(() => world.end());
beforeEach(async () => {
  worker = await world.worker();
});
afterEach(async () => {
  world.wire.fate = () => null;
  await worker.service.stop();
});

const isBody = (url = '') => /\/database|\/v1\/blobs\/0x/.test(url);
/** The lease of a failed run must not keep the next one waiting. */
const snapshotIsFree = async () => {
  const client = world.client('backup');
  await client.deleteSnapshot((await client.createSnapshot()).id);
  return true;
};

describe('bodies that break off', () => {
  it('are taken up again where they ended', async () => {
    world.wire.seen.length = 0;
    // Each answer gives 40 000 bytes and breaks; the rest of the last one comes whole.
    world.wire.fate = ({ url }) => (isBody(url) ? { kind: 'cut', after: 40_000 } : null);
    const { status, body } = await as(worker.url).create();
    expect([status, body.drill?.ok]).toEqual([201, true]);
    const ranges = world.wire.seen.filter(({ url }) => url.includes('/v1/blobs/0x')).map(({ range }) => range);
    expect(ranges.slice(0, 3)).toEqual([undefined, 'bytes=40000-', 'bytes=80000-']);
  });

  it('again and again at the same place end the run, and the lease', async () => {
    world.wire.fate = ({ url }) => (isBody(url) ? { kind: 'cut', after: 0 } : null);
    const before = await world.left();
    expect((await as(worker.url).create()).status).toBe(500);
    expect(await world.left()).toEqual(before);
    expect(await snapshotIsFree()).toBe(true);
  });
});

it('an upload that expires after the snapshot is taken makes the run begin again', async () => {
  let refused = false;
  world.wire.fate = ({ url }) => {
    if (refused || !url!.startsWith('/v1/blobs/0x')) return null;
    refused = true;
    return { kind: 'problem', status: 404, code: 'bundle.unknown' };
  };
  world.wire.seen.length = 0;
  expect((await as(worker.url).create()).status).toBe(201);
  expect(world.wire.seen.filter(({ method, url }) => method === 'POST' && url === '/v1/snapshots')).toHaveLength(2);
  expect(worker.log.find('an upload expired meanwhile, once more from a new snapshot')).toHaveLength(1);
});

it('a BLOB that stays away ends the run', async () => {
  world.wire.fate = ({ url }) =>
    url!.startsWith('/v1/blobs/0x') ? { kind: 'problem', status: 404, code: 'bundle.unknown' } : null;
  expect(await as(worker.url).create()).toMatchObject({ status: 500, body: { code: 'backup.blob-gone' } });
  expect(await snapshotIsFree()).toBe(true);
});

it('a service that stops ends its backup, leaves nothing half and gives the lease back', async () => {
  const before = await world.left();
  world.wire.fate = ({ url }) => (url!.includes('/v1/blobs/0x') ? { kind: 'stall', after: 1_000 } : null);
  const run = worker.service.app.get(BackupRuns).run();
  const ended = expect(run).rejects.toMatchObject({ name: 'AbortError' });
  await world.wire.stalled.promise;
  await worker.service.stop();
  await ended;
  expect(await world.left()).toEqual(before);
  expect(await world.target().lastRun()).toMatchObject({ outcome: 'failure', archive: null });
  expect(await snapshotIsFree()).toBe(true);
});
