import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type Database from 'better-sqlite3';
import { type ChainEvent, nextEvent } from '@cap/tlog';
import { GrowingTree } from '@cap/tlog/merkle';
import { jcsText } from '@cap/core';
import { type DataDirectory, digestOf } from '../data.fixture.js';
import type { EventRow } from '../database/entities.js';
import { toEvent } from '../database/rows.js';
import { fullRegistry, LOG, LOG_KEYS, tamper } from './tampering.fixture.js';
import { verifyRegistry } from './verify-registry.js';

let intact: DataDirectory;
beforeAll(async () => void ({ place: intact } = await fullRegistry()));
afterAll(() => intact.remove());

let place: DataDirectory;
beforeEach(async () => void (place = await intact.copy()));
afterEach(() => place.remove());

const SIZE = 18;
const verify = (options = {}) => verifyRegistry(place.directory, { logKeys: LOG_KEYS, ...options });
const change = (work: (db: Database.Database) => unknown) => tamper(place.at('registry.db'), work);
const sql = (text: string) => change((db) => db.exec(text));

/** What somebody does who knows how the log is made, but has not its key: everything is derived again from changed events. */
function rewrite(edit: (events: ChainEvent[]) => ChainEvent[], db: Database.Database): void {
  const rows = db.prepare('SELECT * FROM events ORDER BY seq').all() as EventRow[];
  const events: ChainEvent[] = [];
  for (const { ts, event, details } of edit(rows.map(toEvent)))
    events.push(nextEvent(events.at(-1) ?? null, ts, event, details));
  db.exec('DELETE FROM events; DELETE FROM log_hashes');
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)');
  for (const { seq, ts, event, details, prev_digest, digest } of events)
    insert.run(seq, ts, event, jcsText(details), prev_digest, digest);
  const hash = db.prepare('INSERT INTO log_hashes VALUES (?, ?)');
  new GrowingTree().append(events).hashes.forEach((bytes, position) => hash.run(position, bytes));
}
const shift = (from: number, by: number) =>
  `UPDATE events SET seq = -seq WHERE seq >= ${from}; UPDATE events SET seq = -seq + ${by} WHERE seq < 0;`;

describe('fsck of the log', () => {
  it('finds nothing wrong with a log as it is, with its checkpoint and key', async () => {
    expect(await verify()).toMatchObject({
      ok: true,
      faults: [],
      log_size: SIZE,
      checkpoints: 1,
      signatures_checked: true,
    });
  });

  it.each(Array.from({ length: SIZE - 1 }, (_, i) => i))('names the place of event %i that was deleted', async (i) => {
    sql(`DELETE FROM events WHERE seq = ${i}`);
    expect((await verify()).faults[0]!.object).toBe(`event ${i}`);
    sql(shift(i + 1, -1));
    expect((await verify()).faults[0]!.object).toBe(`event ${i}`);
  });

  it.each([0, 1, 7, SIZE - 2])('names events %i and the next that were swapped', async (i) => {
    sql(`UPDATE events SET seq = ${i} + 100 WHERE seq = ${i}; UPDATE events SET seq = ${i} WHERE seq = ${i} + 1;
         UPDATE events SET seq = ${i} + 1 WHERE seq = ${i} + 100`);
    expect((await verify()).faults[0]!.object).toBe(`event ${i}`);
  });

  it.each([0, 5, SIZE - 1])('names the event behind event %i that was doubled', async (i) => {
    sql(`${shift(i + 1, 1)} INSERT INTO events SELECT seq + 1, ts, event, details, prev_digest, '${digestOf('other')}'
         FROM events WHERE seq = ${i}`);
    expect((await verify()).faults[0]!.object).toBe(`event ${i + 1}`);
  });

  it('finds through the checkpoint that the end is missing, with everything that belongs to it', async () => {
    for (let size = SIZE - 1; size >= 13; size--) {
      change((db) => {
        const event = db.prepare('SELECT event FROM events WHERE seq = ?').get(size) as { event: string };
        if (event.event === 'list.stored') db.exec(`DELETE FROM lists WHERE log_index = ${size}`);
        if (event.event === 'list.withdrawn') db.exec('DELETE FROM list_withdrawals');
        if (event.event === 'policy.status') db.exec(`UPDATE policies SET status = 'active'`);
        rewrite((events) => events.slice(0, size), db);
      });
      const { faults } = await verify();
      expect(faults).toEqual([
        {
          object: 'log',
          message: `has ${size} events, checkpoint of epoch 1 was signed for ${SIZE}: ${SIZE - size} are missing at its end`,
        },
      ]);
    }
  });

  it('finds through the checkpoint that history was rewritten from end to end', async () => {
    change((db) => {
      rewrite(
        (events) => events.with(SIZE - 1, { ...events[SIZE - 1]!, details: { archive: digestOf('another') } }),
        db,
      );
    });
    expect((await verify()).faults).toEqual([
      {
        object: 'log',
        message: expect.stringMatching(new RegExp(`^its first ${SIZE} events have the root .*rewritten$`)),
      },
    ]);
  });

  it('names a hash of the tree that was changed, is missing or has no business there', async () => {
    sql(`UPDATE log_hashes SET hash = zeroblob(32) WHERE position = 2`);
    expect((await verify()).faults).toMatchObject([
      { object: 'tree hash 2', message: expect.stringContaining('event 1 ') },
    ]);
    sql(`DELETE FROM log_hashes WHERE position = 2`);
    expect((await verify()).faults).toMatchObject([
      { object: 'tree hash 2', message: expect.stringContaining('missing') },
    ]);
    await place.remove();
    place = await intact.copy();
    sql(`INSERT INTO log_hashes VALUES (1000, zeroblob(32))`);
    expect((await verify()).faults).toMatchObject([{ object: 'tree hash 1000' }]);
  });

  it('names a checkpoint that nobody with the key signed, or that is of another epoch', async () => {
    const file = place.at('checkpoints', '1');
    const note = await readFile(file, 'utf8');
    const named = { ok: false, faults: [{ object: 'checkpoint of epoch 1' }] };
    for (const broken of [
      note.replace(/.(=*\n)$/, (last) => (last.startsWith('A') ? 'B' : 'A') + last.slice(1)),
      'x',
      '',
    ]) {
      await writeFile(file, broken);
      expect(await verify()).toMatchObject(named);
    }
    await writeFile(file, note.replaceAll('cap/1', 'cap/2'));
    expect(await verify()).toMatchObject(named);
    await writeFile(file, note);
    await writeFile(place.at('checkpoints', '3'), note.replaceAll('cap/1', 'cap/3'));
    expect((await verify({ logKeys: undefined })).faults).toMatchObject([
      { object: 'log', message: expect.stringContaining('old copy') },
    ]);
  });

  it('compares with each epoch what it signed, and not what was lost before a restore', async () => {
    const signed = await readFile(place.at('checkpoints', '1'), 'utf8');
    change((db) => rewrite((events) => events.slice(0, SIZE - 1), db));
    const restored = await place.open();
    await restored.store.startEpoch(signed);
    await place.close(restored);
    await place.close(await place.open({ log: LOG }));
    expect(await verify()).toMatchObject({ ok: true, checkpoints: 2, log_size: SIZE });
    sql('UPDATE epochs SET first_index = 3');
    expect((await verify()).faults).toMatchObject([{ object: 'epoch 2' }]);
    sql('DELETE FROM epochs');
    expect((await verify()).faults).toMatchObject([{ object: 'epoch 2' }]);
  });
});

describe('fsck of the rows', () => {
  it.each([
    ['a hold that the log does not know', `UPDATE entries SET legal_hold = 1 WHERE log_index = 0`, 'entry '],
    [
      'an erasure that the log does not know',
      `UPDATE entries SET erased_at = registered_at, company = NULL, company_salt = NULL WHERE log_index = 1`,
      'entry ',
    ],
    ['a BLOB marked as erased', `UPDATE blobs SET erased_at = '2026-01-15T10:00:00.000Z' WHERE size < 60`, 'BLOB '],
    [
      'a BLOB that could be swept',
      `UPDATE blobs SET retain_until = '2026-01-15T10:00:00.000Z' WHERE size < 60`,
      'database',
    ],
    ['a salt that was changed', `UPDATE entries SET company_salt = '00' WHERE log_index = 1`, 'entry '],
    ['a list size that was changed', `UPDATE lists SET size = 8`, 'list '],
    ['a number of list entries that was changed', `UPDATE lists SET entries = 2`, 'list '],
    ['a withdrawal that is gone', `DELETE FROM list_withdrawals`, 'event 15'],
    ['a withdrawal of another list', `UPDATE list_withdrawals SET hash = '0x'`, 'withdrawal of list 0x'],
    ['a reason that was changed', `UPDATE list_withdrawals SET reason = 'none'`, 'withdrawal of list 0x'],
    [
      'a withdrawal that the log does not know',
      `INSERT INTO list_withdrawals SELECT 14, '0x', id, reason, reason_salt, withdrawn_at FROM list_withdrawals`,
      'withdrawal of list 0x',
    ],
    ['a policy version that was changed', `UPDATE policies SET version = '2.0.0'`, 'policy '],
    ['totals that were changed', `UPDATE totals SET blob_bytes = blob_bytes + 1`, 'database'],
    ['a trigger that is gone', `CREATE INDEX another ON events (ts)`, 'database'],
  ])('names %s', async (_what, text, object) => {
    sql(text);
    expect((await verify()).faults[0]!.object.startsWith(object)).toBe(true);
  });
});
