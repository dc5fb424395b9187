import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { RegistryClient } from '@cap/contracts';
import { blake3Text } from '@cap/crypto';
import { verifyRegistry } from '@cap/storage';
import { entryOf, TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
let backup: RegistryClient;
beforeAll(async () => {
  registry = await TestRegistry.start();
  backup = registry.client('backup');
  for (let i = 0; i < 12; i++) {
    const { blob_id } = (await registry.as('verifier').putBlob(`bundle ${i}`)).body;
    await registry.as('verifier').post('/v1/entries', entryOf(blob_id));
  }
});
afterAll(() => registry.stop());

describe('snapshots', () => {
  it('give a backup everything that verifies on its own', async () => {
    const snapshot = await backup.createSnapshot();
    const { head_digest } = await backup.status();
    expect(snapshot).toMatchObject({ log_size: 12, head_digest, blobs: 12 });
    const target = registry.at('restored');
    await mkdir(target);

    const { stream, size } = await backup.snapshotDatabase(snapshot.id);
    const database = await buffer(stream);
    expect([size, database.length]).toEqual([snapshot.database_size, snapshot.database_size]);
    const part = await backup.snapshotDatabase(snapshot.id, { first: 100, last: 4195 });
    expect(await buffer(part.stream)).toEqual(database.subarray(100, 4196));
    await writeFile(path.join(target, 'registry.db'), database);

    let cursor: string | undefined;
    let bytes = 0;
    do {
      const page = await backup.snapshotBlobs(snapshot.id, { limit: 5, ...(cursor ? { cursor } : {}) });
      for (const { blob_id, size: expected } of page.items) {
        const blob = await buffer((await backup.findBlob(blob_id))!.stream);
        expect(blake3Text(blob)).toBe(blob_id);
        expect(blob.length).toBe(expected);
        bytes += expected;
        const directory = path.join(target, 'blobs', blob_id.slice(2, 4), blob_id.slice(4, 6));
        await mkdir(directory, { recursive: true });
        await writeFile(path.join(directory, blob_id.slice(2)), blob);
      }
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    expect(bytes).toBe(snapshot.blob_bytes);
    expect(await verifyRegistry(target)).toMatchObject({ ok: true, log_size: 12, entries: 12, blobs: 12 });
    await backup.deleteSnapshot(snapshot.id);
    await backup.deleteSnapshot(snapshot.id);
  });

  it('are leased to one client at a time and unknown once released', async () => {
    const { id } = (await registry.as('backup').post('/v1/snapshots', {})).body;
    const second = await registry.as('backup').post('/v1/snapshots', {});
    expect([second.status, second.body.code]).toEqual([503, 'snapshot.busy']);
    expect((await registry.as('backup').delete(`/v1/snapshots/${id}`)).status).toBe(204);
    for (const answer of [
      await registry.as('backup').get(`/v1/snapshots/${id}/database`),
      await registry.as('backup').get(`/v1/snapshots/${id}/blobs`),
      await registry.as('backup').delete(`/v1/snapshots/${id}`),
    ])
      expect([answer.status, answer.body.code]).toEqual([404, 'snapshot.unknown']);
  });
});
