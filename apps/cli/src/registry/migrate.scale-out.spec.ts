import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { verifyReceipt } from '@cap/tlog';
import { verifierKey } from '@cap/tlog/notes';
import { RegistryData, type RegistryLocation } from '@cap/storage';
import { ScaleOutStores } from '../../../../libs/storage/src/profile.fixture.js';
import { cap, scratch } from '../cli.fixture.js';

const ORIGIN = 'moved.example/log';
let directory: string;
let stores: ScaleOutStores;
let key: KeyObject;
let config: string;
let data: RegistryData | null;
beforeEach(async () => {
  directory = await scratch();
  stores = await ScaleOutStores.make();
  key = generateKeyPairSync('ed25519').privateKey;
  await mkdir(path.join(directory, 'keys'));
  const file = path.join(directory, 'keys', 'log.key');
  await writeFile(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  config = path.join(directory, 'app.yaml');
  await writeFile(config, JSON.stringify({ registry: { ...stores.place, log: { origin: ORIGIN, key: file } } }));
  data = null;
});
afterEach(async () => {
  await data?.close();
  await stores.remove();
});

const embedded = (): RegistryLocation => ({
  database: path.join(directory, 'registry.db'),
  blobs: path.join(directory, 'blobs'),
});
const open = (place: RegistryLocation) =>
  RegistryData.open({ ...place, program: 'the test', log: { origin: ORIGIN, keys: [key] } });
const migrate = (...more: string[]) =>
  cap(['registry', 'migrate', '--from', directory, '--to-config', config, '--json', ...more]);

async function register(registry: RegistryData, text: string) {
  const { blob_id } = await registry.putBlob(Readable.from([Buffer.from(text)]), {
    maxBytes: 1_000_000,
    retain: 'upload',
  });
  const nothing = { manifest_hash: null, proof_hash: null, policy_hash: null, signer_kid: null };
  const entry = {
    bundle_id: blob_id,
    result: 'ok',
    report_hash: sha3Text(text),
    company: 'ACME GmbH',
    ...nothing,
  } as const;
  return (await registry['database'].registerEntry(entry)).record;
}

/** Twenty bundles, a list, an upload, an epoch that has begun, an erased bundle, one under hold. */
async function fill() {
  const registry = await open(embedded());
  const entries = [];
  for (let i = 0; i < 20; i++) entries.push(await register(registry, `bundle ${i} `.repeat(i + 1)));
  await registry['database'].startEpoch((await registry.log.checkpoint()).note);
  await registry.close();
  const again = await open(embedded());
  await again.putBlob(Readable.from([Buffer.from('an upload')]), { maxBytes: 100, retain: 'upload' });
  await again.store.setLegalHold(entries[3]!.entry_id, true);
  await again.eraseBundle(entries[4]!.entry_id, 'personal-data');
  entries.push(await register(again, 'the last one'));
  const receipt = await again.log.receipt(0);
  const checkpoint = await again.log.checkpoint();
  const totals = await again.store.totals();
  await again.close();
  return { entries, receipt, checkpoint, totals };
}

const blobKeys = () => [...stores.double.objects.keys()].filter((name) => name.startsWith('blobs/'));

describe('cap registry migrate', () => {
  it('moves everything: entries, BLOBs, and a log that goes on where it was', async () => {
    const { entries, receipt, checkpoint, totals } = await fill();
    const { code, out } = await migrate();
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      log_size: totals.log_size,
      entries: 21,
      blobs: 21,
      root_hash: checkpoint.root.toString('base64'),
      blobs_put: 21,
      checkpoints: 2,
      faults: [],
    });
    data = await open(stores.place);
    expect(await data.store.totals()).toEqual(totals);
    const { items } = await data.store.listEntries({ limit: 100 });
    expect(items.map(({ entry_id }) => entry_id)).toEqual(entries.map(({ entry_id }) => entry_id));
    expect(items[3]).toMatchObject({ legal_hold: true, company: 'ACME GmbH' });
    expect(items[4]).toMatchObject({ erased_at: expect.any(String), company: null });
    for (const { bundle_id, erased_at } of items)
      if (erased_at === null) expect((await buffer((await data.readBlob(bundle_id))!)).length).toBeGreaterThan(5);

    expect((await data.log.checkpoint()).note).toBe(checkpoint.note);
    const next = await register(data, 'the first one there');
    expect(next.log_index).toBe(totals.log_size);
    const trust = {
      logKeys: [verifierKey('ed25519', ORIGIN, createPublicKey(key))],
      witnessKeys: [],
      witnessThreshold: 0,
    };
    for (const each of [receipt, await data.log.receipt(next.log_index)])
      expect(verifyReceipt(each, trust)).toMatchObject({ valid: true, origin: `${ORIGIN}/2` });
  });

  it('puts the source away: a registry that starts there by mistake finds its log cut', async () => {
    await fill();
    expect((await migrate()).code).toBe(0);
    expect(existsSync(path.join(directory, 'registry.db'))).toBe(false);
    expect(existsSync(path.join(directory, 'registry.db.migrated'))).toBe(true);
    await expect(open(embedded())).rejects.toMatchObject({ code: expect.stringMatching(/^log\./) });
  });

  it('goes on where it was interrupted', async () => {
    const { entries } = await fill();
    stores.double.fail({ fault: 'reset', method: 'PUT', key: entries[7]!.bundle_id.slice(2), times: 4 });
    expect((await migrate()).code).toBe(69); // as often as a request is tried
    const there = blobKeys().length;
    expect(there).toBeGreaterThan(0);
    const { code, out } = await migrate();
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, blobs: 21, blobs_put: 21 - there });
  });

  it('changes nothing in a dry run', async () => {
    await fill();
    const before = await readFile(path.join(directory, 'registry.db'));
    expect(JSON.parse((await migrate('--dry-run')).out)).toMatchObject({ ok: true, dry_run: true, entries: 21 });
    expect(stores.double.objects.size).toBe(0);
    expect((await readFile(path.join(directory, 'registry.db'))).equals(before)).toBe(true);
    expect((await migrate()).code).toBe(0);
  });

  it('refuses a source that runs, and a target that is in use', async () => {
    await fill();
    const running = await open(embedded());
    expect((await migrate()).code).toBe(75);
    await running.close();
    const other = await RegistryData.open({ ...stores.place, program: 'another' });
    await other.store.appendEvent('backup.drill', {});
    await other.close();
    const { code, err } = await migrate();
    expect([code, err]).toEqual([2, expect.stringContaining('migrate.not-empty')]);
    expect(blobKeys()).toEqual([]);
  });

  it('moves nothing of a source that has a fault, and names it', async () => {
    const { entries } = await fill();
    const hex = entries[2]!.bundle_id.slice(2);
    await writeFile(path.join(directory, 'blobs', hex.slice(0, 2), hex.slice(2, 4), hex), 'changed');
    const { code, out } = await migrate();
    expect(code).toBe(2);
    expect(JSON.parse(out).faults[0].object).toContain(hex);
    expect(stores.double.objects.size).toBe(0);
  });

  it('refuses another key and another name than those of the log, a directory without a registry, and no target', async () => {
    await fill();
    const registry = { ...stores.place, log: { origin: ORIGIN, key: path.join(directory, 'other.key') } };
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(registry.log.key, pem, { mode: 0o600 });
    await writeFile(config, JSON.stringify({ registry }));
    expect((await migrate()).code).toBe(2);
    const named = { ...registry, log: { origin: 'other.example/log', key: path.join(directory, 'keys', 'log.key') } };
    await writeFile(config, JSON.stringify({ registry: named }));
    expect((await migrate()).code).toBe(2);
    await writeFile(config, JSON.stringify({ registry: { log: named.log } }));
    expect((await migrate()).code).toBe(78);
    await rm(path.join(directory, 'registry.db'));
    await writeFile(config, JSON.stringify({ registry: named }));
    expect((await migrate()).code).toBe(66);
  });
});
