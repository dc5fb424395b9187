import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { rfc3339 } from '@cap/crypto';
import { changedBlobs, exists, NOW, pieces, World } from './backup.fixture.js';
import { runBackup, type RunOptions } from './run.js';
import { dataDirectorySource } from './snapshot-source.js';
import { expiredBackups } from './target/retention.js';

let world: World;
let clock: Date;
beforeEach(async () => {
  world = await World.make();
  clock = NOW;
});
afterEach(() => world.end());

const DAY_MS = 86_400_000;
const later = (ms: number) => void (clock = new Date(clock.getTime() + ms));
const run = (more: Partial<RunOptions> = {}) =>
  runBackup({ ...world.options(), program: 'test', retention: { days: 7 }, now: () => clock, ...more });
const broken = () => ({ ...dataDirectorySource(world.data), database: () => pieces(Buffer.alloc(0)) });

describe('a run', () => {
  it('makes, verifies and drills a backup, tells of each step, and keeps its outcome', async () => {
    const steps: string[] = [];
    const { name, drill, removed } = await run({
      on: {
        verified: (made) => void steps.push(`verified ${made.name}`),
        drilled: ({ ok }) => void steps.push(`drilled ${ok}`),
        pruned: (gone) => void steps.push(`pruned ${gone.length}`),
      },
    });
    expect(steps).toEqual([`verified ${name}`, 'drilled true', 'pruned 0']);
    expect([drill.ok, drill.log_size, removed]).toEqual([true, 3, []]);
    expect(await world.target().lastRun()).toEqual({
      schema: 'cap-backup-run.v1',
      started_at: rfc3339(NOW),
      finished_at: rfc3339(NOW),
      outcome: 'success',
      archive: name,
      error: null,
      lease: null,
      duration_seconds: expect.any(Number),
      drilled_at: rfc3339(NOW),
    });
  });

  it('that fails says why, remembers the drill before it, and keeps every old backup', async () => {
    const first = await run();
    later(20 * DAY_MS);
    await expect(run({ source: broken() })).rejects.toMatchObject({ code: 'backup.size' });
    expect(await world.target().lastRun()).toMatchObject({
      outcome: 'failure',
      archive: null,
      error: expect.stringContaining('registry.db'),
      drilled_at: rfc3339(NOW),
    });
    expect((await world.target().list()).backups.map(({ name }) => name)).toEqual([first.name]);
    expect(await world.target().prune({ days: 1, now: clock })).toEqual([]);
  });

  it('that misses BLOBs keeps the archive of all the rest, and every older one', async () => {
    await run();
    later(20 * DAY_MS);
    const source = changedBlobs(dataDirectorySource(world.data), () => Buffer.alloc(0));
    await expect(run({ source })).rejects.toMatchObject({
      kind: 'refused',
      code: 'backup.blobs-lost',
      message: expect.stringMatching(/^blob\.corrupt 0x[0-9a-f]{64}, .*: left out of backup_\S+/),
    });
    const { backups } = await world.target().list();
    expect(backups).toHaveLength(2);
    expect(await world.target().lastRun()).toMatchObject({
      outcome: 'failure',
      archive: backups[0]!.name,
      drilled_at: rfc3339(clock),
    });
  });

  it('whose backup can not be restored fails, though its archive is whole', async () => {
    const source = {
      ...dataDirectorySource(world.data),
      createSnapshot: async () => ({ ...(await world.data.createSnapshot()), log_size: 4 }),
    };
    await expect(run({ source })).rejects.toMatchObject({ kind: 'refused', code: 'backup.drill' });
    expect(await world.target().lastRun()).toMatchObject({ outcome: 'failure', drilled_at: null });
  });

  it('prunes what is older than retention, the dry run foretells it', async () => {
    const names: string[] = [];
    for (let day = 0; day < 4; day++) {
      names.push((await run()).name);
      later(DAY_MS);
    }
    later(-DAY_MS);
    const target = world.target();
    const foretold = await target.prune({ days: 2, now: new Date(clock.getTime() + 1), dryRun: true });
    expect(foretold.map(({ name }) => name)).toEqual([names[1], names[0]]);
    expect((await target.list()).backups).toHaveLength(4);
    later(1_000);
    const { removed } = await run({ retention: { days: 2 } });
    expect(removed).toEqual(foretold.map(({ name }) => name));
    for (const name of removed) {
      expect(await exists(target.at(name))).toBe(false);
      expect(await exists(target.at(name.replace('.tar.gz', '.json')))).toBe(false);
    }
  });

  it('gives back the snapshot that a killed run held', async () => {
    const leases: (string | null)[] = [];
    const source = dataDirectorySource(world.data);
    await run({
      source: {
        ...source,
        async *database(id) {
          leases.push(id, (await world.target().lastRun())!.lease);
          yield* source.database(id);
        },
      },
    });
    expect(leases[1]).toBe(leases[0]);
    const { id } = await world.data.createSnapshot();
    const record = (await world.target().lastRun())!;
    await expect(run()).rejects.toMatchObject({ code: 'snapshot.busy' });
    await world.target().recordRun({ ...record, outcome: 'running', lease: id });
    expect((await run()).drill.ok).toBe(true);
  });

  it('clears what killed runs left, and nothing else', async () => {
    const backup = await run();
    const target = world.target();
    await writeFile(target.at('.tmp-0011223344556677'), 'half an archive');
    await mkdir(target.at('.drill-abc/restored'), { recursive: true });
    await writeFile(target.at('backup_20260101_020000.json'), '{}');
    for (const other of ['notes.txt', 'backup_by_hand.json', 'backup_20260101_030000.tar.gz'])
      await writeFile(target.at(other), '');
    const cleared: string[] = [];
    later(1_000);
    const second = await run({ on: { cleared: (names) => void cleared.push(...names) } });
    expect(cleared).toEqual(['.drill-abc', '.tmp-0011223344556677', 'backup_20260101_020000.json']);
    const left = await readdir(target.directory);
    for (const name of ['notes.txt', 'backup_by_hand.json', 'backup_20260101_030000.tar.gz'])
      expect(left).toContain(name);
    expect((await target.list()).backups.map(({ name }) => name)).toEqual([second.name, backup.name]);
  });
});

describe('the list of a target', () => {
  it('counts an archive only with its own signed sidecar and its size', async () => {
    const target = world.target();
    const names: string[] = [];
    for (let i = 0; i < 5; i++) {
      names.push((await run()).name);
      later(1_000);
    }
    const [cut, alone, forged, swapped, good] = names as [string, string, string, string, string];
    const sidecar = (name: string) => target.at(name.replace('.tar.gz', '.json'));
    await truncate(target.at(cut), 100);
    await rename(sidecar(alone), target.at('elsewhere'));
    await writeFile(
      sidecar(forged),
      (await readFile(sidecar(forged), 'utf8')).replace('"log_size":3', '"log_size":300'),
    );
    await writeFile(sidecar(swapped), await readFile(sidecar(good)));
    const { backups, strange } = await target.list();
    expect(backups.map(({ name }) => name)).toEqual([good]);
    expect(strange.map(({ name }) => name).sort()).toEqual([cut, alone, forged, swapped].sort());
    expect(strange.find(({ name }) => name === cut)!.why).toContain('100 bytes');
    expect(strange.find(({ name }) => name === alone)!.why).toBe('it has no sidecar');
    expect(strange.find(({ name }) => name === forged)!.why).toContain('not valid');
    expect(strange.find(({ name }) => name === swapped)!.why).toContain(good);
    // Retention can't judge what it can't read.
    expect(await target.prune({ days: 1, now: new Date(clock.getTime() + 100 * DAY_MS) })).toEqual([]);
  });

  it('of a directory that is not there', async () => {
    await expect(world.target().list()).rejects.toMatchObject({ kind: 'missing', code: 'file.missing' });
  });

  it('a run record that can not be read counts as a failure', async () => {
    await run();
    await writeFile(world.target().at('.last-run.json'), '{');
    later(100 * DAY_MS);
    expect(await world.target().lastRun()).toMatchObject({ outcome: 'failure', drilled_at: null });
  });
});

describe('retention', () => {
  const day = (n: number, log_size = 10 - n) => ({
    name: `b${n}`,
    created_at: rfc3339(new Date(NOW.getTime() - n * DAY_MS)),
    log_size,
  });
  const expired = (days: number, newestRunFailed = false) =>
    expiredBackups(
      [0, 1, 2, 3].map((n) => day(n)),
      { days, now: NOW, newestRunFailed },
    ).map(({ name }) => name);

  it('removes what is older than its days, never the newest one, nothing after a failure', () => {
    expect(expired(7)).toEqual([]);
    expect(expired(2)).toEqual(['b3']);
    expect(expired(1)).toEqual(['b2', 'b3']);
    expect(expired(1, true)).toEqual([]);
    expect(expiredBackups([day(50)], { days: 1, now: NOW, newestRunFailed: false })).toEqual([]);
  });

  it('keeps what has a longer log than the newest: the registry has lost data since', () => {
    const backups = [day(0, 1), day(8, 1), day(9, 5), day(10, 4), day(20, 0)];
    const gone = expiredBackups(backups, { days: 7, now: NOW, newestRunFailed: false });
    expect(gone.map(({ name }) => name)).toEqual(['b8', 'b20']);
  });
});
