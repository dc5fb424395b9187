import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import request from 'supertest';
import { BackupRuns } from '../backups/backup-runs.js';
import { as, backupMetrics, type Worker, World } from '../worker.fixture.js';

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
  expect(worker.log.find('an upload expired during the backup; starting over with a new snapshot')).toHaveLength(1);
});

it('BLOBs that the registry has lost are named and left out; the same bytes again mend them', async () => {
  const registry = world.client('verifier');
  const bodies = [10_000, 200_000, 9_000_000, 300_000].map((size, i) => Buffer.alloc(size, `to be lost ${i}`));
  const ids: string[] = [];
  for (const body of bodies) ids.push((await registry.putBlob(body, 'keep')).blob_id);
  const fileOf = (id: string) => world.at('data/blobs', id.slice(2, 4), id.slice(4, 6), id.slice(2));
  for (const id of ids.slice(0, 3)) {
    const bytes = await readFile(fileOf(id));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(fileOf(id), bytes);
  }
  await truncate(fileOf(ids[1]!), 100);
  await rm(fileOf(ids[3]!));
  const codes = ids.map((id, i) => [id, i === 3 ? 'blob.missing' : 'blob.corrupt'] as const);

  const failed = await as(worker.url).create();
  expect([failed.status, failed.body.code]).toEqual([500, 'backup.blobs-lost']);
  for (const [id, code] of codes) expect(failed.body.detail).toContain(`${code} ${id}`);
  const named = worker.log.find('a BLOB is broken: upload the same bytes again').map(({ id, code }) => [id, code]);
  expect(named.toSorted()).toEqual(codes.toSorted());
  const [newest] = (await world.target().list()).backups;
  expect(newest!.incomplete.filter(({ path }) => path.startsWith('blobs/'))).toHaveLength(4);
  expect(await backupMetrics(worker.url)).toMatchObject({ cap_backup_broken_blobs: 4, cap_backup_incomplete: 1 });
  expect(await world.target().lastRun()).toMatchObject({
    outcome: 'failure',
    archive: newest!.name,
    drilled_at: expect.any(String),
  });
  expect((await world.runOnce()).code).toBe(2);
  const { text } = await request(world.registryUrl).get('/metrics');
  expect(Number(/^cap_blob_read_failures_total\{reason="corrupt"\} (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(3);
  expect(Number(/^cap_blob_read_failures_total\{reason="missing"\} (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(1);

  for (const body of bodies) await registry.putBlob(body, 'upload');
  expect((await as(worker.url).create()).status).toBe(201);
  expect(await backupMetrics(worker.url)).toMatchObject({ cap_backup_broken_blobs: 0 });
}, 120_000);

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
