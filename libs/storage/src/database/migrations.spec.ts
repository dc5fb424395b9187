import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { sha3Text } from '@cap/crypto';
import { contentOf, DataDirectory, digestOf, entryOf, pieces, put } from '../data.fixture.js';
import { verifyRegistry } from '../fsck/verify-registry.js';
import { embeddedDescribe } from '../profile.fixture.js';

const kept = (file: string) => readFile(path.join(import.meta.dirname, '../../testdata', file), 'utf8');
const LIST = 'name,birthdate,nationality,id\nNobody,,DE,\n';

let place: DataDirectory;
beforeEach(async () => {
  place = await DataDirectory.make();
});
afterEach(() => place.remove());

/** Puts a kept database and the bytes of its BLOBs in place. */
async function restore(file: string): Promise<void> {
  const empty = await place.open();
  for (const text of [LIST, 'bundle', 'an upload']) await put(empty, text);
  await place.close(empty);
  for (const end of ['', '-wal', '-shm']) await rm(place.at(`registry.db${end}`), { force: true });
  const db = new Database(place.at('registry.db'));
  db.exec(await kept(file));
  db.close();
}

embeddedDescribe('a database of schema 1 (embedded)', () => {
  it('opens with everything in it, and can do what is new', async () => {
    await restore('registry-1.sql');
    const data = await place.open();
    expect(await data.store.totals()).toMatchObject({ log_size: 3, entries: 1, blob_bytes: 57 });
    expect(await data.store.findPolicy('lksg')).toMatchObject({ policy_id: 'lksg@1.0.0', status: 'active' });
    expect(await data.store.findList(sha3Text(LIST))).toMatchObject({ id: 'sanctions', unmatchable: { id: 1 } });
    const [entry] = (await data.store.listEntries({ limit: 10 })).items;
    expect(entry).toMatchObject({ company: 'ACME GmbH', log_index: 2 });
    expect((await contentOf(await data.readBlob(entry!.bundle_id))).toString()).toBe('bundle');

    const { blob_id } = await put(data, 'a new bundle');
    expect((await data.store.registerEntry(entryOf(blob_id))).record.log_index).toBe(3);
    const key = { key_id: digestOf('key'), lease_id: 'lease' };
    await data.store.idempotency.reserve({ ...key, request_digest: digestOf('request'), lease_seconds: 1 });
    await data.storeAnswer({ ...key, status: 200 }, pieces('{}'), 10);
    await data.store.withdrawList(sha3Text(LIST), 'nobody is on it');
    expect(await verifyRegistry(place.directory)).toMatchObject({ ok: true, log_size: 5 });
  });

  it('has the schema of a new one afterwards', async () => {
    const schemaOf = async () => {
      await place.close(await place.open());
      const db = new Database(place.at('registry.db'), { readonly: true });
      const rows = db.prepare(`SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name`);
      const schema = rows.all() as { name: string; sql: string }[];
      db.close();
      return schema
        .map(({ name, sql }) => `${name}: ${sql?.replace(/\s+/g, ' ')}`)
        .filter((each) => !each.startsWith('migrations'));
    };
    const fresh = await schemaOf();
    await restore('registry-1.sql');
    expect(await schemaOf()).toEqual(fresh);
  });
});
