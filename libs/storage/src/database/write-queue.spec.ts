import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { CapError } from '@cap/crypto';
import { DataDirectory } from '../data.fixture.js';
import { setPragmas } from './connection.js';
import { WriteQueue, type WriteQueueOptions } from './write-queue.js';

let place: DataDirectory;
let db: Database.Database;
let outside: Database.Database;
beforeEach(async () => {
  place = await DataDirectory.make();
  db = new Database(place.at('queue.db'));
  setPragmas(db, 'write');
  db.exec('CREATE TABLE notes (text TEXT UNIQUE)');
  outside = new Database(place.at('queue.db'), { readonly: true });
});
afterEach(async () => {
  db.close();
  outside.close();
  await place.remove();
});

const notes = (): string[] =>
  (outside.prepare('SELECT text FROM notes ORDER BY rowid').all() as { text: string }[]).map((row) => row.text);

function startQueue(options: WriteQueueOptions = {}) {
  const groups: number[] = [];
  const queue = new WriteQueue(db, { onCommit: (_seconds, writes) => groups.push(writes), ...options });
  const note = (text: string) =>
    queue.submit((tx) => {
      tx.insert('notes', { text });
      return text;
    });
  return { queue, groups, note };
}

describe('write queue', () => {
  it('sets what makes a commit durable on its connection', () => {
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(db.pragma('cache_size', { simple: true })).toBe(-65536);
    expect(db.pragma('temp_store', { simple: true })).toBe(2);
    expect(db.pragma('busy_timeout', { simple: true })).toBeGreaterThan(0);
  });

  it('answers after the commit: by then another connection sees the row', async () => {
    const { note } = startQueue();
    const writing = note('a');
    expect(notes()).toEqual([]);
    await expect(writing).resolves.toBe('a');
    expect(notes()).toEqual(['a']);
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
      queue.submit((tx) => {
        tx.insert('notes', { text: 'half' });
        throw new CapError('conflict', 'policy.conflict', 'no');
      }),
      note('first'),
      note('last'),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'policy.conflict' });
    expect(notes()).toEqual(['first', 'last']);
    expect(groups).toEqual([4]);
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
    db.pragma(`max_page_count = ${(db.pragma('page_count', { simple: true }) as number) + 4}`);
    const large = Array.from({ length: 12 }, (_, i) => `${i}`.padEnd(4_000, '.'));
    const outcomes = await Promise.allSettled(large.map(note));
    const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(rejected.length).toBeGreaterThan(0);
    for (const { reason } of rejected) expect(reason).toMatchObject({ kind: 'io', code: 'storage.full' });
    expect(notes()).toEqual(['before', ...large.filter((_, i) => outcomes[i]!.status === 'fulfilled')]);
    db.pragma('max_page_count = 100000');
    await note('after');
    expect(notes().at(-1)).toBe('after');
  });

  it('close commits what waits and refuses what comes later', async () => {
    const { queue, note } = startQueue();
    const waiting = [note('a'), note('b')];
    queue.close();
    expect(notes()).toEqual(['a', 'b']);
    await Promise.all(waiting);
    await expect(note('c')).rejects.toMatchObject({ kind: 'busy' });
  });
});
