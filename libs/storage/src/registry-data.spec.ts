import { once } from 'node:events';
import { rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chainFault, GENESIS_DIGEST } from '@cap/tlog';
import { sha3Text } from '@cap/crypto';
import {
  contentOf,
  DataDirectory,
  digestOf,
  entryOf,
  policyOf,
  put,
  startWriter,
  type WholeRegistry,
} from './data.fixture.js';
import { embeddedIt } from './profile.fixture.js';
import { UPLOAD_RETENTION_MS } from './registry-data.js';
import type { NewList } from './records.js';

let place: DataDirectory;
let data: WholeRegistry;
beforeEach(async () => {
  place = await DataDirectory.make();
  data = await place.open();
});
afterEach(() => place.remove());

const later = (ms: number) => (place.clock = new Date(place.clock.getTime() + ms));
const events = () => data.store.listEvents(0, 1000);
const listOf = async (csv: string, as_of: string, more: Partial<NewList> = {}): Promise<NewList> => ({
  hash: sha3Text(csv),
  id: 'sanctions',
  kind: 'sanctions',
  as_of,
  blob_id: (await put(data, csv)).blob_id,
  size: csv.length,
  entries: 1,
  unmatchable: { id: 1, name: 0, person: 0 },
  ...more,
});

describe('log', () => {
  it('is empty at first', async () => {
    expect(await data.store.totals()).toEqual({ log_size: 0, head_digest: GENESIS_DIGEST, entries: 0, blob_bytes: 0 });
  });

  it('has one event for each change of state, chained, with ids and hashes only', async () => {
    const bundle = await put(data, 'bundle');
    const { record: policy } = await data.store.storePolicy(policyOf('lksg', '1.0.0'));
    await data.store.setPolicyStatus(policy.policy_hash, 'deprecated');
    await data.store.setPolicyStatus(policy.policy_hash, 'deprecated');
    await data.store.storeList(await listOf('name\nX\n', '2026-01-01'));
    await data.store.registerEntry(entryOf(bundle.blob_id));
    await put(data, 'kept', 'keep');
    await put(data, 'kept', 'keep');
    await data.store.appendEvent('backup.drill', { ok: true });
    const log = await events();
    expect(log.map((event) => event.event)).toEqual([
      'policy.stored',
      'policy.status',
      'list.stored',
      'entry.registered',
      'blob.kept',
      'backup.drill',
    ]);
    log.forEach((event, i) => expect(chainFault(log[i - 1] ?? null, event)).toBeNull());
    expect(JSON.stringify(log)).not.toContain('ACME');
    expect(await data.store.totals()).toMatchObject({ log_size: 6, head_digest: log.at(-1)!.digest, entries: 1 });
  });

  it('keeps its order when the clock jumps back', async () => {
    await data.store.appendEvent('a', {});
    later(-86_400_000);
    await data.store.appendEvent('b', {});
    const [first, second] = await events();
    expect(second!.seq).toBe(1);
    expect(second!.ts < first!.ts).toBe(true);
    expect(chainFault(first!, second!)).toBeNull();
  });

  it('can not be changed through the database', async () => {
    await data.store.appendEvent('a', {});
    for (const sql of [`UPDATE events SET event = 'b'`, 'DELETE FROM events', 'DELETE FROM log_hashes'])
      await expect(place.tamper(sql)).rejects.toThrow('append-only');
  });

  it('goes on where it ended after a restart', async () => {
    const event = await data.store.appendEvent('a', {});
    await place.close(data);
    data = await place.open();
    expect(chainFault(event, await data.store.appendEvent('b', {}))).toBeNull();
  });
});

describe('entries', () => {
  it('gives the first record again for the same bundle, policy and report; a changed verdict is another entry', async () => {
    const { blob_id } = await put(data, 'bundle');
    const first = await data.store.registerEntry(entryOf(blob_id));
    later(1000);
    const again = await data.store.registerEntry(entryOf(blob_id, { company: 'other', signer_kid: null }));
    expect(again).toEqual({ record: first.record, created: false });
    const changed = await data.store.registerEntry(
      entryOf(blob_id, { result: 'warn', report_hash: digestOf('other') }),
    );
    expect(changed.created).toBe(true);
    expect(changed.record.entry_id).not.toBe(first.record.entry_id);
    expect((await events()).length).toBe(2);
    expect(await data.store.findEntry(first.record.entry_id)).toEqual(first.record);
    expect(first.record).toMatchObject({
      log_index: 0,
      registered_at: '2026-01-15T10:00:00.000Z',
      company: 'ACME GmbH',
    });
  });

  it('are one each when many register the same at once', async () => {
    const { blob_id } = await put(data, 'bundle');
    const stored = await Promise.all(Array.from({ length: 20 }, () => data.store.registerEntry(entryOf(blob_id))));
    expect(stored.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(stored.map(({ record }) => record.log_index))).toEqual(new Set([0]));
  });

  it('without a policy are unique too', async () => {
    const { blob_id } = await put(data, 'bundle');
    await data.store.registerEntry(entryOf(blob_id, { policy_hash: null }));
    expect((await data.store.registerEntry(entryOf(blob_id, { policy_hash: null }))).created).toBe(false);
  });

  it('need their BLOB, and a refused one leaves neither row nor event', async () => {
    const { blob_id } = await put(data, 'bundle');
    const outcomes = await Promise.allSettled([
      data.store.registerEntry(entryOf(digestOf('nowhere'))),
      data.store.registerEntry(entryOf(blob_id)),
    ]);
    expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ kind: 'missing', code: 'bundle.unknown' });
    expect(outcomes[1]).toMatchObject({ value: { record: { log_index: 0 } } });
    expect(await data.store.totals()).toMatchObject({ log_size: 1, entries: 1 });
  });

  it('are listed in log order by pages and filters', async () => {
    for (let i = 0; i < 7; i++) {
      const { blob_id } = await put(data, `bundle ${i}`);
      await data.store.registerEntry(
        entryOf(blob_id, {
          result: i % 2 ? 'fail' : 'ok',
          company: i < 3 ? 'A' : 'B',
          policy_hash: digestOf(`policy ${i % 3}`),
        }),
      );
      later(1000);
    }
    const all = (await data.store.listEntries({ limit: 100 })).items;
    expect(all.map((entry) => entry.log_index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const pages = [];
    let cursor: string | undefined;
    do {
      const page = await data.store.listEntries({ limit: 3, cursor });
      pages.push(page.items.map((entry) => entry.log_index));
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    expect(pages).toEqual([[0, 1, 2], [3, 4, 5], [6]]);

    const indexes = async (filter: Parameters<typeof data.store.listEntries>[1]) =>
      (await data.store.listEntries({ limit: 100 }, filter)).items.map((entry) => entry.log_index);
    expect(await indexes({ result: 'fail' })).toEqual([1, 3, 5]);
    expect(await indexes({ company: 'A', result: 'ok' })).toEqual([0, 2]);
    expect(await indexes({ policy_hash: digestOf('policy 1') })).toEqual([1, 4]);
    expect(await indexes({ signer_kid: 'ff'.repeat(16) })).toEqual([]);
    expect(await indexes({ from: '2026-01-15T10:00:02Z', to: '2026-01-15T10:00:04Z' })).toEqual([2, 3]);
    expect(await indexes({ bundle_id: all[4]!.bundle_id })).toEqual([4]);
    const prefix = all[5]!.bundle_id.slice(0, 12);
    expect(await indexes({ bundle_prefix: prefix })).toEqual([5]);
    await expect(data.store.listEntries({ limit: 3, cursor: 'nonsense' })).rejects.toMatchObject({
      code: 'request.schema',
    });
  });
});

describe('policies', () => {
  it('are found by policy_id, hash in both forms, and id: the newest active one', async () => {
    const { record: first } = await data.store.storePolicy(policyOf('lksg', '1.0.0'));
    const { record: second } = await data.store.storePolicy(policyOf('lksg', '2.0.0'));
    await data.store.storePolicy({ ...policyOf('lksg', '3.0.0'), status: 'draft' });
    expect(await data.store.findPolicy('lksg@1.0.0')).toEqual(first);
    expect(await data.store.findPolicy(first.policy_hash)).toEqual(first);
    expect(await data.store.findPolicy(`sha3-256:${first.policy_hash.slice(2)}`)).toEqual(first);
    expect(await data.store.findPolicy('lksg')).toEqual(second);
    await data.store.setPolicyStatus(second.policy_hash, 'deprecated');
    expect(await data.store.findPolicy('lksg')).toEqual(first);
    expect(await data.store.findPolicy('nobody')).toBeNull();
    expect(
      (await data.store.listPolicies({ limit: 10 }, { status: 'draft' })).items.map((policy) => policy.version),
    ).toEqual(['3.0.0']);
  });

  it('same content is one policy; other content under the same id is a conflict', async () => {
    const first = await data.store.storePolicy(policyOf('lksg', '1.0.0'));
    expect(await data.store.storePolicy(policyOf('lksg', '1.0.0'))).toEqual({ ...first, created: false });
    await expect(data.store.storePolicy(policyOf('lksg', '1.0.0', '{"other":1}'))).rejects.toMatchObject({
      kind: 'conflict',
      code: 'policy.conflict',
    });
    await expect(data.store.setPolicyStatus(digestOf('nobody'), 'draft')).rejects.toMatchObject({
      code: 'policy.unknown',
    });
    expect((await events()).length).toBe(1);
  });
});

describe('reference lists', () => {
  it('know the newest date of their id, also when the content stays the same', async () => {
    const old = await data.store.storeList(await listOf('a', '2026-01-01'));
    expect(old).toMatchObject({ created: true, record: { newest_as_of: '2026-01-01', unmatchable: { id: 1 } } });
    await data.store.storeList(await listOf('b', '2026-02-01'));
    expect(await data.store.findList(sha3Text('a'))).toMatchObject({ as_of: '2026-01-01', newest_as_of: '2026-02-01' });
    await data.store.storeList(await listOf('a', '2026-03-01'));
    expect(await data.store.findList(sha3Text('a'))).toMatchObject({ as_of: '2026-03-01', newest_as_of: '2026-03-01' });
    expect((await data.store.storeList(await listOf('a', '2026-03-01'))).created).toBe(false);
    expect((await data.store.listLists({ limit: 2 })).items).toHaveLength(2);
    expect(await data.store.findList(sha3Text('c'))).toBeNull();
  });

  it('withdrawn: for good, whatever day the content is published for, and no longer the newest', async () => {
    for (const [text, day] of [
      ['a', '2026-01-01'],
      ['b', '2026-02-01'],
    ] as const)
      await data.store.storeList(await listOf(text, day));
    await data.store.withdrawList(sha3Text('b'), 'one name was wrong');
    const size = (await events()).length;
    await data.store.withdrawList(sha3Text('b'), 'another reason');
    expect((await events()).length).toBe(size);
    const withdrawn = { withdrawn_at: place.clock.toISOString(), withdrawal_reason: 'one name was wrong' };
    expect(await data.store.findList(sha3Text('b'))).toMatchObject({ newest_as_of: '2026-01-01', ...withdrawn });
    expect(await data.store.findList(sha3Text('a'))).toMatchObject({ newest_as_of: '2026-01-01', withdrawn_at: null });
    const again = await data.store.storeList(await listOf('b', '2026-03-01'));
    expect(again).toMatchObject({ created: true, record: { newest_as_of: '2026-01-01', ...withdrawn } });
    await data.store.withdrawList(sha3Text('a'), 'both were wrong');
    expect((await data.store.listLists({ limit: 10 })).items.map((list) => list.newest_as_of)).toEqual([
      null,
      null,
      null,
    ]);
    await expect(data.store.withdrawList(sha3Text('c'), 'x')).rejects.toMatchObject({ code: 'list.unknown' });
    expect(await place.fsck()).toMatchObject({ ok: true, faults: [] });
  });

  it('one content has one id, and needs its BLOB', async () => {
    await data.store.storeList(await listOf('a', '2026-01-01'));
    await expect(data.store.storeList(await listOf('a', '2026-01-01', { id: 'other' }))).rejects.toMatchObject({
      code: 'list.conflict',
    });
    await expect(
      data.store.storeList(await listOf('b', '2026-01-01', { blob_id: digestOf('nowhere') })),
    ).rejects.toMatchObject({
      code: 'bundle.unknown',
    });
  });
});

describe('BLOBs', () => {
  it('an upload that nothing refers to is unknown after 24 h, swept or not', async () => {
    const { blob_id } = await put(data, 'upload');
    later(UPLOAD_RETENTION_MS - 1);
    expect(await contentOf(await data.readBlob(blob_id))).toHaveLength(6);
    later(1);
    expect(await data.store.findBlob(blob_id)).toBeNull();
    expect(await data.readBlob(blob_id)).toBeNull();
    await expect(data.store.registerEntry(entryOf(blob_id))).rejects.toMatchObject({ code: 'bundle.unknown' });
    expect(await place.isStored(blob_id)).toBe(true);
    expect(await data.sweepUploads()).toBe(1);
    expect(await place.isStored(blob_id)).toBe(false);
    expect(await data.store.totals()).toMatchObject({ blob_bytes: 0 });
  });

  it('a registered one stays, and so does one that was uploaded again', async () => {
    const registered = await put(data, 'registered');
    const renewed = await put(data, 'renewed');
    const kept = await put(data, 'kept', 'keep');
    await put(data, 'kept');
    await data.store.registerEntry(entryOf(registered.blob_id));
    later(UPLOAD_RETENTION_MS / 2);
    await put(data, 'renewed');
    later(UPLOAD_RETENTION_MS / 2);
    expect(await data.sweepUploads()).toBe(0);
    for (const { blob_id, size } of [registered, renewed, kept])
      expect(await contentOf(await data.readBlob(blob_id))).toHaveLength(size);
    expect((await data.store.listBlobs({ limit: 10 })).items).toHaveLength(3);
  });

  it('an upload that comes while its old self is being swept is there afterwards', async () => {
    for (let i = 0; i < 20; i++) {
      const { blob_id } = await put(data, `again ${i}`);
      later(UPLOAD_RETENTION_MS);
      await Promise.all([data.sweepUploads(), put(data, `again ${i}`)]);
      expect((await contentOf(await data.readBlob(blob_id))).toString()).toBe(`again ${i}`);
    }
  });

  it('a known one whose file is gone is an error, not an unknown one', async () => {
    const { blob_id } = await put(data, 'gone');
    await place.lose(blob_id);
    await expect(data.readBlob(blob_id)).rejects.toMatchObject({ kind: 'io', code: 'blob.missing' });
  });
});

describe('opening', () => {
  embeddedIt('makes nothing that everybody may read (embedded)', async () => {
    await put(data, 'bundle');
    for (const name of ['registry.db', 'registry.db-wal']) expect((await stat(place.at(name))).mode & 0o007).toBe(0);
  });

  it('refuses a database whose schema is newer', async () => {
    await place.close(data);
    await place.tamper(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Registry9999999999999')`);
    await expect(place.open()).rejects.toMatchObject({ kind: 'refused', code: 'storage.version' });
    await expect(place.open()).rejects.toMatchObject({ code: 'storage.version' }); // and lets go of the directory
  });

  embeddedIt('refuses a file that is no database (embedded)', async () => {
    await place.close(data);
    for (const name of ['registry.db', 'registry.db-wal', 'registry.db-shm']) await rm(place.at(name), { force: true });
    await writeFile(
      place.at('registry.db'),
      'this is not a database, and long enough to be looked at as one'.repeat(20),
    );
    await expect(place.open()).rejects.toMatchObject({ kind: 'io', code: 'storage.failed' });
  });

  it('finds everything acknowledged after kill -9 in the middle of writing', async () => {
    await place.close(data);
    for (let round = 0; round < 3; round++) {
      const { child, lines, said } = startWriter(place.place, 'write');
      await said(50 + 37 * round);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const acknowledged = lines.slice(1);
      data = await place.open();
      for (const id of acknowledged) expect(await data.store.findEntry(id)).not.toBeNull();
      expect(await place.fsck()).toMatchObject({ ok: true, faults: [] });
      await place.close(data);
    }
  });
});
