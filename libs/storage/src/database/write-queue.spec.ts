import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { CapError } from '@cap/core';
import { DataDirectory } from '../data.fixture.js';
import { SqliteDatabase } from './sqlite-database.js';
import { WriteQueue, type WriteQueueOptions } from './write-queue.js';

let place: DataDirectory;
let database: SqliteDatabase;
let outside: Database.Database;
beforeEach(async () => {
  place = await DataDirectory.make();
  database = await SqliteDatabase.open(place.at('queue.db'), 'write');
  await database.write((session) => session.run('CREATE TABLE notes (text TEXT UNIQUE)'));
  outside = new Database(place.at('queue.db'), { readonly: true });
});
afterEach(async () => {
  await database.close();
  outside.close();
  await place.remove();
});

/** A PRAGMA of the connection that writes. */
const pragma = (text: string) =>
  database.write(async (session) => Object.values((await session.all<object>(`PRAGMA ${text}`))[0] ?? {})[0] as number);
const notes = (): string[] =>
  (outside.prepare('SELECT text FROM notes ORDER BY rowid').all() as { text: string }[]).map((row) => row.text);

function startQueue(options: WriteQueueOptions = {}) {
  const groups: number[] = [];
  const queue = new WriteQueue(database, { onCommit: (_seconds, writes) => groups.push(writes), ...options });
  const note = (text: string) =>
    queue.submit(async (tx) => {
      await tx.insert('notes', { text });
      return text;
    });
  return { queue, groups, note };
}

describe('write queue', () => {
  it.each([
    ['synchronous', 2],
    ['journal_mode', 'wal'],
    ['foreign_keys', 1],
    ['cache_size', -65536],
    ['temp_store', 2],
    ['busy_timeout', 5000],
  ])('its connection has %s = %s', async (name, value) => {
    expect(await pragma(name)).toBe(value);
  });

  it('answers after the commit: by then another connection sees the row', async () => {
    const { note } = startQueue();
    const writing = note('a');
    expect(notes()).toEqual([]);
    await expect(writing).resolves.toBe('a');
    expect(notes()).toEqual(['a']);
  });

  it('says how long a commit has been under way', async () => {
    let end = () => {};
    const stalled = new WriteQueue({ write: () => new Promise<never>((_resolve, reject) => (end = reject)) });
    expect(stalled.writingForMs).toBe(0);
    const writing = stalled.submit(() => undefined);
    while (stalled.writingForMs === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const before = stalled.writingForMs;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(stalled.writingForMs).toBeGreaterThan(before);
    end();
    await writing.catch(() => undefined);
    await stalled.close();
    expect(stalled.writingForMs).toBe(0);
  });

  it('commits in groups of at most groupSize, in the order of arrival', async () => {
    const { note, groups } = startQueue({ groupSize: 4 });
    const names = Array.from({ length: 10 }, (_, i) => `note ${i}`);
    await Promise.all(names.map(note));
    expect(notes()).toEqual(names);
    expect(groups).toEqual([4, 4, 2]);
  });

  it('a refused write leaves nothing of itself and harms no other of its group', async () => {
    const { queue, note, groups } = startQueue();
    const outcomes = await Promise.allSettled([
      note('first'),
      queue.submit(async (tx) => {
        await tx.insert('notes', { text: 'half' });
        throw new CapError('policy.conflict', 'no');
      }),
      note('first'),
      note('last'),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'policy.conflict' });
    expect(notes()).toEqual(['first', 'last']);
    // The half-done one took the group's transaction with it: each was tried alone.
    expect(groups).toEqual([1, 1]);
  });

  it('refuses as busy when too many wait', async () => {
    const { note } = startQueue({ capacity: 2 });
    const outcomes = await Promise.allSettled([note('a'), note('b'), note('c')]);
    expect((outcomes[2] as PromiseRejectedResult).reason).toMatchObject({ kind: 'busy', code: 'overloaded' });
    expect(notes()).toEqual(['a', 'b']);
    await note('d');
  });

  it('a full disk refuses with storage.full, keeps what it answered, and goes on when there is room again', async () => {
    const { note } = startQueue();
    await note('before');
    await pragma(`max_page_count = ${(await pragma('page_count')) + 4}`);
    const large = Array.from({ length: 12 }, (_, i) => `${i}`.padEnd(4_000, '.'));
    const outcomes = await Promise.allSettled(large.map(note));
    const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(rejected.length).toBeGreaterThan(0);
    for (const { reason } of rejected) expect(reason).toMatchObject({ kind: 'io', code: 'storage.full' });
    expect(notes()).toEqual(['before', ...large.filter((_, i) => outcomes[i]!.status === 'fulfilled')]);
    await pragma('max_page_count = 100000');
    await note('after');
    expect(notes().at(-1)).toBe('after');
  });

  it('close commits what waits and refuses what comes later', async () => {
    const { queue, note } = startQueue();
    const waiting = [note('a'), note('b')];
    await queue.close();
    expect(notes()).toEqual(['a', 'b']);
    await Promise.all(waiting);
    await expect(note('c')).rejects.toMatchObject({ kind: 'busy' });
  });
});
