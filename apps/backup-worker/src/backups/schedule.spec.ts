import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CapError } from '@cap/core';
import { BackupRuns } from './backup-runs.js';
import { exitOfRun } from '../run-once.js';
import { Schedule } from './schedule.js';
import { type Worker, World } from '../worker.fixture.js';

let world: World;
let worker: Worker;
beforeAll(async () => {
  world = await World.start();
  worker = await world.worker();
});
afterAll(() => world.end());

describe('the schedule', () => {
  const next = () => worker.service.app.get(Schedule).next();
  const tick = () => worker.service.app.get(SchedulerRegistry).getCronJob('backup').fireOnTick();

  it('is two at night, UTC, unless the configuration says otherwise', async () => {
    expect([next().getUTCHours(), next().getUTCMinutes()]).toEqual([2, 0]);
    await worker.service.reload(world.loaded({ schedule: '30 4 * * 0' }).config);
    expect([next().getUTCDay(), next().getUTCHours(), next().getUTCMinutes()]).toEqual([0, 4, 30]);
  });

  it('makes a backup when its time comes, and goes on after one that fails', async () => {
    await tick();
    await worker.service.app.get(BackupRuns).idle();
    expect((await world.target().list()).backups).toHaveLength(1);
    world.wire.fate = () => ({ kind: 'problem', status: 500, code: 'internal' });
    await tick();
    await worker.service.app.get(BackupRuns).idle();
    world.wire.fate = () => null;
    expect(worker.log.find('the backup failed')).toHaveLength(1);
    await tick();
    await worker.service.app.get(BackupRuns).idle();
    expect((await world.target().list()).backups).toHaveLength(2);
  });

  it('that names no time is a configuration fault, at the start and in a reload', async () => {
    await expect(world.worker({ schedule: '61 2 * * *' })).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('backup.schedule'),
    });
    const before = next();
    expect(await worker.service.reload(world.loaded({ schedule: '0 25 * * *' }).config)).toBe(false);
    expect(next()).toEqual(before);
  });

  it('of a day that never comes is a configuration fault too, and a reload with it ends no backups', async () => {
    const never = { schedule: '0 2 30 2 *' };
    await expect(world.worker(never)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(/^configuration: backup\.schedule: .*\(it never comes\)$/),
    });
    const before = next();
    expect(await worker.service.reload(world.loaded(never).config)).toBe(false);
    expect(next()).toEqual(before);
  });
});

describe('run-once', () => {
  const once = async (...more: Parameters<World['runOnce']>) => (await world.runOnce(...more)).code;

  it('is 0 for a backup that was made, verified and drilled, and has no next one', async () => {
    const { code, log } = await world.runOnce({ target: world.at('once') });
    expect(code).toBe(0);
    expect(await world.target('once').lastRun()).toMatchObject({ outcome: 'success' });
    expect(log.find('backup made and verified')).toHaveLength(1);
    expect(log.find('scheduled')).toEqual([]);
  });

  it('tells what went wrong by its exit code', async () => {
    expect(await once({ signing_key: undefined })).toBe(78);
    expect(await once({}, { url: 'http://127.0.0.1:1' })).toBe(69);
    expect(await once({}, { token: 'unknown-token-0123456789' })).toBe(77);
    await world.target().withLock('another worker', async () => expect(await once()).toBe(75));
    const lease = await world.client('backup').createSnapshot();
    expect(await once()).toBe(75);
    await world.client('backup').deleteSnapshot(lease.id);
  });

  it.each([
    [new CapError('backup.drill', 'x'), 2],
    [new CapError('storage.full', 'x'), 74],
    [new CapError('backup.target', 'x'), 73],
    [new CapError('internal', 'x', { remote: { status: 500, code: 'internal' } }), 69],
    [Object.assign(new Error('x'), { name: 'AbortError' }), 75],
    [new TypeError('x'), 70],
    [Object.assign(new Error('x'), { code: 'EROFS' }), 74],
    [Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }), 70],
  ])('ends with the code of %p', (error, code) => expect(exitOfRun(error)).toBe(code));
});
