import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, rm, truncate, writeFile } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { type Digest, sha3Text } from '@cap/crypto';
import { FileBlobStore } from '../blobs/file-blob-store.js';
import { FileCheckpointStore } from '../checkpoints/file-checkpoint-store.js';
import { SqliteDatabase } from '../database/sqlite-database.js';
import { DataDirectory, digestOf, entryOf, policyOf, put } from '../data.fixture.js';
import { verifyRegistry, verifyStores } from './verify-registry.js';

let intact: DataDirectory;
let bundle: Digest;
let list: Digest;
beforeAll(async () => {
  intact = await DataDirectory.make();
  const data = await intact.open();
  bundle = (await put(data, 'bundle')).blob_id;
  const csv = 'name\nX\n';
  list = (await put(data, csv)).blob_id;
  await data.store.registerEntry(entryOf(bundle));
  const { record } = await data.store.storePolicy(policyOf('lksg', '1.0.0'));
  await data.store.setPolicyStatus(record.policy_hash, 'deprecated');
  await data.store.storeList({
    hash: sha3Text(csv),
    id: 'sanctions',
    kind: 'sanctions',
    as_of: '2026-01-01',
    blob_id: list,
    size: csv.length,
    entries: 1,
    unmatchable: null,
  });
  await data.store.registerEntry(entryOf(bundle, { report_hash: digestOf('second'), company: null }));
  await put(data, 'only uploaded');
  await intact.close(data);
});
afterAll(() => intact.remove());

let place: DataDirectory;
beforeEach(async () => void (place = await intact.copy()));
afterEach(() => place.remove());

const verify = () => verifyRegistry(place.directory);
const fileOf = (id: string) => place.at('blobs', id.slice(2, 4), id.slice(4, 6), id.slice(2));
/** Changes the database behind the program's back. */
function tamper(sql: string) {
  const db = new Database(place.at('registry.db'));
  db.pragma('foreign_keys = OFF');
  db.exec('DROP TRIGGER events_never_change; DROP TRIGGER events_never_go');
  db.exec(sql);
  db.close();
}

describe('verifyRegistry', () => {
  it('finds nothing wrong with what is right, beside a running registry too', async () => {
    const expected = {
      ok: true,
      faults: [],
      log_size: 5,
      entries: 2,
      blobs: 3,
      orphans: 0,
      newest_event_at: '2026-01-15T10:00:00.000Z',
    };
    expect(await verify()).toMatchObject(expected);
    await place.open();
    expect(await verify()).toMatchObject(expected);
  });

  it.each([
    [
      'an event that was changed',
      `UPDATE events SET details = replace(details, '"ok"', '"fail"') WHERE seq = 0`,
      'event 0',
    ],
    ['an event that is gone', `DELETE FROM events WHERE seq = 2`, 'event 2'],
    [
      'two events that were swapped',
      `UPDATE events SET seq = CASE seq WHEN 3 THEN 4 ELSE 3 END + 100 WHERE seq IN (3, 4); UPDATE events SET seq = seq - 100 WHERE seq > 100`,
      'event 3',
    ],
    ['details that are not canonical', `UPDATE events SET details = ' ' || details WHERE seq = 1`, 'event 1'],
    ['a verdict that was changed in the row', `UPDATE entries SET result = 'warn' WHERE log_index = 0`, 'entry '],
    ['a company that was changed', `UPDATE entries SET company = 'Other AG' WHERE log_index = 0`, 'entry '],
    [
      'a time that was changed',
      `UPDATE entries SET registered_at = '2025-01-01T00:00:00.000Z' WHERE log_index = 0`,
      'entry ',
    ],
    ['an entry that is gone', `DELETE FROM entries WHERE log_index = 4`, 'event 4'],
    ['a policy text that was changed', `UPDATE policies SET document = '{}'`, 'policy lksg@1.0.0'],
    ['a policy status that the log does not know', `UPDATE policies SET status = 'active'`, 'policy lksg@1.0.0'],
    ['a list date that was changed', `UPDATE lists SET as_of = '2027-01-01'`, 'list 0x'],
    ['a row that points to nothing', `DELETE FROM blobs WHERE size = 6`, 'database'],
  ])('names %s', async (_name, sql, object) => {
    tamper(sql);
    const { ok, faults } = await verify();
    expect(ok).toBe(false);
    expect(faults[0]!.object.startsWith(object)).toBe(true);
  });

  it('names a BLOB that was changed, cut, lengthened or removed', async () => {
    const named = { ok: false, faults: [{ object: `BLOB ${bundle}` }] };
    await writeFile(fileOf(bundle), 'bumdle');
    expect(await verify()).toMatchObject(named);
    await truncate(fileOf(bundle), 3);
    expect(await verify()).toMatchObject(named);
    await writeFile(fileOf(bundle), 'bundle');
    await appendFile(fileOf(bundle), '!');
    expect(await verify()).toMatchObject(named);
    await rm(fileOf(bundle));
    expect(await verify()).toMatchObject(named);
    await writeFile(fileOf(bundle), 'bundle');
    expect(await verify()).toMatchObject({ ok: true });
  });

  it('does not miss what a running registry sweeps or erases while it looks', async () => {
    const data = await place.open();
    const { blob_id: upload } = await put(data, 'runs out');
    const database = await SqliteDatabase.open(place.at('registry.db'), 'read');
    const files = FileBlobStore.readOnly(place.at('blobs'));
    const checkpoints = new FileCheckpointStore(place.at('checkpoints'));
    let taken = false;
    const size = async (id: Digest) => {
      if (!taken) {
        taken = true;
        await data.eraseBundle(bundle, 'personal-data');
        place.clock = new Date('2026-01-17T00:00:00.000Z');
        expect(await data.sweepUploads()).toBe(2);
      }
      return files.size(id);
    };
    const blobs = { size, read: files.read.bind(files), list: files.list.bind(files) };
    expect(await verifyStores({ database, blobs, checkpoints })).toMatchObject({ ok: true, faults: [] });
    expect([await files.size(bundle), await files.size(upload)]).toEqual([null, null]);
    await database.close();
    expect(await verify()).toMatchObject({ ok: true, faults: [] });
  });

  it('counts files that nobody knows', async () => {
    const data = await place.open();
    const spooled = await data['blobs'].spool(
      (async function* () {
        yield Buffer.from('lost');
      })(),
      100,
    );
    await spooled.publish();
    expect(await verify()).toMatchObject({ ok: true, orphans: 1 });
  });

  it('names the database when it is damaged, whatever SQLite says about it', async () => {
    await writeFile(place.at('registry.db'), 'no database'.repeat(500));
    await rm(place.at('registry.db-wal'), { force: true });
    expect(await verify()).toMatchObject({ ok: false, faults: [{ object: 'database' }] });
  });

  it('stops at maxFaults', async () => {
    tamper(`UPDATE entries SET result = 'fail'`);
    expect((await verifyRegistry(place.directory, { maxFaults: 1 })).faults).toHaveLength(1);
  });

  it('says that there is no registry where there is none', async () => {
    await expect(verifyRegistry(place.at('nowhere'))).rejects.toMatchObject({ kind: 'missing', code: 'file.missing' });
  });
});
