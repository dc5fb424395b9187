import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cp, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import request from 'supertest';
import { CapError } from '@cap/core';
import { RegistryData } from '@cap/storage';
import { embeddedIt } from '../../../libs/storage/src/profile.fixture.js';
import { entryOf, POLICY_V1, POLICY_V1_HASH, TestRegistry } from './registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

const metric = async (name: string): Promise<number> => {
  const { text } = await request(registry.url).get('/metrics');
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
};

describe('the registry as a service', () => {
  it('counts what it holds', async () => {
    const verifier = registry.client('verifier');
    const commits = await metric('cap_registry_commit_duration_seconds_count');
    const { blob_id } = await verifier.putBlob(Buffer.from('bundle'), 'upload');
    await verifier.registerEntry(entryOf(blob_id) as Parameters<typeof verifier.registerEntry>[0]);
    expect(await metric('cap_registry_entries_total')).toBe(1);
    expect(await metric('cap_registry_log_size')).toBe(1);
    expect(await metric('cap_blob_bytes_total')).toBe(6);
    expect(await metric('cap_registry_commit_duration_seconds_count')).toBeGreaterThan(commits);
    expect(await verifier.status()).toMatchObject({ log_size: 1, entries: 1, blob_bytes: 6 });
  });

  it('is not ready while nothing is committed any more', async () => {
    const stalled = jest.spyOn(registry.data.store, 'writingForMs').mockReturnValue(16_000);
    const ready = await request(registry.url).get('/readyz');
    expect([ready.status, ready.body.missing]).toEqual([503, ['database']]);
    expect(ready.text).toContain('a commit has waited for the database for 16 s');
    stalled.mockRestore();
    expect((await request(registry.url).get('/readyz')).status).toBe(200);
  });

  embeddedIt.each(['blobs', 'checkpoints', 'registry.db'])(
    'is not ready, and takes no write, while %s is moved away or another one (embedded)',
    async (name) => {
      expect((await request(registry.url).get('/readyz')).status).toBe(200);
      const { blob_id } = await registry.client('verifier').putBlob(Buffer.from(name), 'upload');
      await rename(registry.at(name), registry.at('elsewhere'));
      const outcomes = async () => {
        const ready = await request(registry.url).get('/readyz');
        const written = await registry.as('verifier').post('/v1/entries', entryOf(blob_id));
        return [ready.status, ready.body.missing, written.status, written.body.code];
      };
      const refused = [503, [name.replace('registry.db', 'database')], 503, 'storage.unavailable'];
      expect(await outcomes()).toEqual(refused);
      await cp(registry.at('elsewhere'), registry.at(name), { recursive: true });
      expect(await outcomes()).toEqual(refused);
      await rm(registry.at(name), { recursive: true });
      await rename(registry.at('elsewhere'), registry.at(name));
      // A checkpoint that fell into this time is tried again by itself.
      while ((await request(registry.url).get('/readyz')).status !== 200) await pause(50);
      await registry.as('verifier').post('/v1/entries', entryOf(blob_id)).expect(200);
    },
  );

  it('is scraped while its database does not answer', async () => {
    const { store } = registry.service.app.get(RegistryData);
    const down = jest.spyOn(store, 'totals').mockRejectedValue(new Error('Connection terminated'));
    expect((await request(registry.url).get('/metrics')).status).toBe(200);
    expect(await metric('cap_registry_database_readable')).toBe(0);
    expect(await metric('cap_registry_log_size')).toBe(1);
    down.mockRestore();
    expect(await metric('cap_registry_database_readable')).toBe(1);
  });

  embeddedIt('shows how large the write-ahead log is (embedded)', async () => {
    await registry.client('backup').appendEvent({ event: 'backup.drill', details: {} });
    expect(await metric('cap_registry_wal_bytes')).toBeGreaterThan(0);
  });

  it('is not ready when the head of the log is broken', async () => {
    const broken = await TestRegistry.start();
    try {
      const backup = broken.client('backup');
      for (let i = 0; i < 2; i++) await backup.appendEvent({ event: 'backup.drill', details: { i } });
      await broken.tamper(`UPDATE events SET event = 'backup.lost' WHERE seq = 1`);
      const answer = await request(broken.url).get('/readyz');
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('event 1');
    } finally {
      await broken.stop();
    }
  });

  embeddedIt('refuses to start on a data directory that is in use (embedded)', async () => {
    await expect(TestRegistry.start({}, registry)).rejects.toMatchObject({
      kind: 'busy',
      code: 'storage.owned',
    });
  });
});

describe('the typed client against the real service', () => {
  it('stores and finds policies and lists', async () => {
    const verifier = registry.client('verifier');
    const { policy, created } = await verifier.storePolicy({ document: POLICY_V1 });
    expect([policy.policy_hash, created]).toEqual([POLICY_V1_HASH, true]);
    expect(await verifier.findPolicy(POLICY_V1_HASH)).toEqual(policy);
    expect(await verifier.findPolicy('nobody')).toBeNull();
    expect((await verifier.listPolicies({ limit: 1 })).items).toHaveLength(1);
    expect((await verifier.setPolicyStatus(POLICY_V1_HASH, 'deprecated')).status).toBe('deprecated');

    const csv = Buffer.from('iso_code,risk_level\nDE,low\n');
    const { list } = await verifier.storeList({
      id: 'jurisdictions',
      kind: 'jurisdictions',
      as_of: '2026-01-15',
      content: csv.toString('base64'),
    });
    expect(await verifier.findList(list.hash)).toEqual(list);
    expect(await verifier.findListContent(list.hash)).toEqual(csv);
    expect(await verifier.findListContent(POLICY_V1_HASH)).toBeNull();
  });

  it('moves BLOBs as streams and in parts', async () => {
    const verifier = registry.client('verifier');
    const bytes = Buffer.alloc(3_000_000, 'stream');
    const { blob_id, size } = await verifier.putBlob(
      Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]),
      'keep',
    );
    expect(size).toBe(bytes.length);
    expect(await verifier.findBlobSize(blob_id)).toBe(size);
    expect((await buffer((await verifier.findBlob(blob_id))!.stream)).equals(bytes)).toBe(true);
    const part = (await verifier.findBlob(blob_id, { first: 10, last: 19 }))!;
    expect([part.size, (await buffer(part.stream)).equals(bytes.subarray(10, 20))]).toEqual([10, true]);
    expect(await verifier.findBlob(POLICY_V1_HASH)).toBeNull();
    expect(await verifier.findBlobSize(POLICY_V1_HASH)).toBeNull();
  });

  it('registers entries and finds the first one of a bundle', async () => {
    const verifier = registry.client('verifier');
    const { blob_id } = await verifier.putBlob(Buffer.from('registered by the client'), 'upload');
    const request_ = entryOf(blob_id) as Parameters<typeof verifier.registerEntry>[0];
    const { entry } = await verifier.registerEntry(request_);
    await verifier.registerEntry({ ...request_, result: 'fail', report_hash: POLICY_V1_HASH });
    expect(await verifier.findEntryOfBundle(blob_id)).toEqual(entry);
    expect(await verifier.findEntry(entry.entry_id)).toEqual(entry);
    expect(await verifier.findEntry('nobody')).toBeNull();
  });

  it('throws what the service said', async () => {
    const thrown = async (call: Promise<unknown>) =>
      call.then(
        () => null,
        (error: unknown) => error,
      );
    expect(await thrown(registry.client('backup').listEntries())).toMatchObject({ status: 403, code: 'auth.scope' });
    const large = await thrown(registry.client('verifier').putBlob(Buffer.alloc(100_000_001), 'upload'));
    expect(large).toBeInstanceOf(CapError);
    expect(large).toMatchObject({ status: 413, code: 'request.too-large' });
  });

  embeddedIt('a directory that can not be written is an error, and nothing is acknowledged (embedded)', async () => {
    await rename(registry.at('blobs'), registry.at('elsewhere'));
    try {
      const failed = registry.client('verifier').putBlob(Buffer.from('lost'), 'keep');
      await expect(failed).rejects.toMatchObject({ status: 503, code: 'storage.unavailable' });
    } finally {
      await rm(registry.at('blobs'), { recursive: true, force: true });
      await rename(registry.at('elsewhere'), registry.at('blobs'));
    }
    expect((await registry.client('verifier').status()).log_size).toBeGreaterThan(0);
  });
});
