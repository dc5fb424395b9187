import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntryRecord } from '@cap/contracts';
import { blake3Text, type Digest, sha3Text } from '@cap/crypto';
import { parseReceipt, receiptJson, verifyReceipt } from '@cap/tlog';
import type { JsonValue } from '@cap/core';
import { DataDirectory, digestOf, entryOf, put, type WholeRegistry } from '../data.fixture.js';
import { LOG, LOG_KEYS } from '../fsck/tampering.fixture.js';
import { embeddedIt } from '../profile.fixture.js';

const COMPANY = 'Unverwechselbare Holzhandel GmbH';
const TRUST = { logKeys: LOG_KEYS, witnessKeys: [], witnessThreshold: 0 };

let place: DataDirectory;
let data: WholeRegistry;
let bundle: Digest;
let entry: EntryRecord;
beforeEach(async () => {
  place = await DataDirectory.make();
  data = await place.open({ log: LOG });
  bundle = (await put(data, 'bundle')).blob_id;
  entry = (await data.store.registerEntry(entryOf(bundle, { company: COMPANY }))).record;
  await data.store.registerEntry(entryOf(bundle, { company: COMPANY, report_hash: digestOf('second') }));
  await data.store.registerEntry(entryOf((await put(data, 'another')).blob_id));
});
afterEach(() => place.remove());

const events = async () => (await data.store.listEvents(0, 100)).slice(3).map(({ event, details }) => [event, details]);
const fsck = () => place.fsck({ logKeys: LOG_KEYS });

describe('an erasure', () => {
  it('takes bundle and company for good, and leaves entries, leaves and receipts as they were', async () => {
    const receipt = receiptJson(await data.log.receipt(entry.log_index));
    place.clock = new Date('2026-02-01T00:00:00.000Z');
    const erased_at = place.clock.toISOString();
    expect(await data.eraseBundle(entry.entry_id, 'personal-data')).toEqual({
      bundle_id: bundle,
      erased_at,
      entries: 2,
    });
    expect(await data.readBlob(bundle)).toBeNull();
    expect(await data['blobs'].size(bundle)).toBeNull();
    expect((await data.missingBlobError(bundle)).message).toContain('was erased');
    expect(await data.store.findEntry(entry.entry_id)).toEqual({ ...entry, company: null, erased_at });
    expect(await events()).toEqual([['bundle.erased', { bundle_id: bundle, reason: 'personal-data' }]]);
    expect(verifyReceipt(parseReceipt(receipt as unknown as JsonValue), TRUST).valid).toBe(true);
    expect(verifyReceipt(await data.log.receipt(entry.log_index), TRUST)).toMatchObject({
      valid: true,
      event: { details: { entry_id: entry.entry_id } },
    });
    expect(await fsck()).toMatchObject({ ok: true, faults: [], entries: 3, blobs: 1 });
    expect((await data.store.totals()).blob_bytes).toBe('another'.length);
  });

  embeddedIt('leaves no trace of the name in the database file (embedded)', async () => {
    const holdsName = async () => (await readFile(place.at('registry.db'))).includes(COMPANY);
    await place.close(data);
    expect(await holdsName()).toBe(true);
    data = await place.open({ log: LOG });
    await data.eraseBundle(bundle, 'personal-data');
    await place.close(data);
    expect(await holdsName()).toBe(false);
  });

  it('is carried out once, and the bundle is not taken again', async () => {
    const first = await data.eraseBundle(bundle, 'personal-data');
    place.clock = new Date('2026-02-01T00:00:00.000Z');
    expect(await data.eraseBundle(bundle, 'retention')).toEqual(first);
    expect(await events()).toHaveLength(1);
    await expect(put(data, 'bundle')).rejects.toMatchObject({ kind: 'conflict', code: 'bundle.erased' });
    expect(await data['blobs'].size(bundle)).toBeNull();
    await expect(data.store.registerEntry(entryOf(bundle, { report_hash: digestOf('third') }))).rejects.toMatchObject({
      code: 'bundle.unknown',
    });
    expect((await data.store.registerEntry(entryOf(bundle, { company: COMPANY }))).record).toMatchObject({
      entry_id: entry.entry_id,
      company: null,
    });
    expect(await fsck()).toMatchObject({ ok: true, orphans: 0 });
  });

  it('that was interrupted is found by fsck and finished by a collection', async () => {
    await data.store.eraseBundle(bundle, 'personal-data');
    expect((await fsck()).faults).toEqual([
      { object: `BLOB ${bundle}`, message: 'it was erased, but its file is there' },
    ]);
    expect(await data.collect({ grace_hours: -1 })).toMatchObject({ purged: 1, orphans: 0 });
    expect(await fsck()).toMatchObject({ ok: true });
  });

  it('is refused under hold, for what a list shares, while a snapshot is in use, and for what is not there', async () => {
    const held = await data.store.setLegalHold(entry.entry_id, true);
    expect(held).toMatchObject([{ entry_id: entry.entry_id, legal_hold: true }]);
    await expect(data.eraseBundle(bundle, 'personal-data')).rejects.toMatchObject({ code: 'bundle.held' });
    expect(await data.store.setLegalHold(bundle, false)).toHaveLength(2);
    expect(await events()).toEqual([
      ['entry.hold', { entry_id: entry.entry_id }],
      ['entry.released', { entry_id: entry.entry_id }],
    ]);
    const { id } = await data.createSnapshot();
    await expect(data.eraseBundle(bundle, 'personal-data')).rejects.toMatchObject({ code: 'snapshot.busy' });
    await data.snapshots.release(id);
    const csv = { hash: sha3Text('bundle'), id: 'l', kind: 'sanctions' as const, as_of: '2026-01-01', entries: 0 };
    await data.store.storeList({ ...csv, blob_id: bundle, size: 6, unmatchable: null });
    await expect(data.eraseBundle(bundle, 'personal-data')).rejects.toMatchObject({ code: 'bundle.shared' });
    for (const id of [digestOf('nothing'), 'nothing'])
      await expect(data.eraseBundle(id, 'personal-data')).rejects.toMatchObject({ code: 'entry.unknown' });
    expect(await fsck()).toMatchObject({ ok: true });
  });

  it('is seen by fsck if it is undone, or if a hold is taken away', async () => {
    await data.store.setLegalHold(entry.entry_id, true);
    expect(await fsck()).toMatchObject({ ok: true });
    await place.close(data);
    await place.tamper('UPDATE entries SET legal_hold = 0');
    expect((await fsck()).faults).toMatchObject([{ object: `entry ${entry.entry_id}` }]);
  });
});

describe('retention', () => {
  it('names in a dry run what a real run erases: old, not held, and with no younger entry', async () => {
    const old = (await put(data, 'old and held')).blob_id;
    await data.store.registerEntry(entryOf(old));
    await data.store.setLegalHold(old, true);
    place.clock = new Date('2032-01-15T10:00:00.000Z');
    await data.store.registerEntry(entryOf(bundle, { report_hash: digestOf('again, six years later') }));
    expect((await data.applyRetention(7, { dryRun: true })).bundles).toEqual([]);
    place.clock = new Date('2033-01-15T10:00:00.001Z');
    const dry = await data.applyRetention(7, { dryRun: true });
    expect(dry).toEqual({
      before: '2026-01-15T10:00:00.001Z',
      bundles: [{ bundle_id: blake3Text('another'), registered_at: '2026-01-15T10:00:00.000Z', log_index: 2 }],
      more: false,
    });
    expect(await data.applyRetention(7)).toEqual(dry);
    expect((await data.applyRetention(7)).bundles).toEqual([]);
    expect(await data['blobs'].size(old)).not.toBeNull();
    expect(await data['blobs'].size(bundle)).not.toBeNull();
    expect(await fsck()).toMatchObject({ ok: true, blobs: 2 });
  });
});
