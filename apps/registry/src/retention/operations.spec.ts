import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { entryOf, TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

async function register(text: string) {
  const { blob_id } = (await registry.as('verifier').putBlob(text)).body;
  return (await registry.as('verifier').post('/v1/entries', entryOf(blob_id))).body.entry;
}
const operator = () => registry.client('operator');

describe('an operator', () => {
  it('holds and releases an entry, and erases its bundle, which is not taken again', async () => {
    const entry = await register('bundle');
    expect(await operator().setHold(entry.entry_id, true)).toMatchObject({ items: [{ legal_hold: true }] });
    await expect(operator().eraseBundle(entry.bundle_id, 'personal-data')).rejects.toMatchObject({
      status: 409,
      code: 'bundle.held',
    });
    await operator().setHold(entry.bundle_id, false);
    const erasure = await operator().eraseBundle(entry.entry_id, 'personal-data');
    expect(erasure).toMatchObject({ bundle_id: entry.bundle_id, entries: 1 });
    expect(await operator().findEntry(entry.entry_id)).toMatchObject({ company: null, erased_at: erasure.erased_at });
    const gone = await registry.as('verifier').get(`/v1/blobs/${entry.bundle_id}`);
    expect(gone.body).toMatchObject({ status: 404, code: 'bundle.unknown', detail: expect.stringContaining('erased') });
    expect((await registry.as('verifier').putBlob('bundle')).body).toMatchObject({
      status: 409,
      code: 'bundle.erased',
    });
    await expect(operator().setHold('nobody', true)).rejects.toMatchObject({ status: 404, code: 'entry.unknown' });
  });

  it('collects what no row wants, after a dry run that says the same', async () => {
    const spooled = await registry.data['blobs'].spool(Readable.from([Buffer.from('orphan')]), 100);
    await spooled.publish();
    await registry.hasAge(spooled.blob_id, 2);
    expect(await operator().collectBlobs({ dry_run: true })).toMatchObject({ orphans: 0 });
    expect(await operator().collectBlobs({ dry_run: true, grace_hours: 1 })).toMatchObject({ orphans: 1 });
    expect(await operator().collectBlobs({ grace_hours: 1 })).toMatchObject({ orphans: 1, blocked_by_snapshot: false });
    expect(await operator().collectBlobs({ grace_hours: 1 })).toMatchObject({ orphans: 0 });
  });

  it('keeps evidence for seven years at least, and for good unless told otherwise', async () => {
    await expect(operator().applyRetention()).rejects.toMatchObject({ status: 422, code: 'option.unsupported' });
    await expect(operator().applyRetention({ years: 6 })).rejects.toMatchObject({
      status: 400,
      code: 'request.schema',
    });
    await register('young');
    expect(await operator().applyRetention({ years: 7, dry_run: true })).toMatchObject({ bundles: [], more: false });
  });
});
