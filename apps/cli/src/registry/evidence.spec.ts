import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Digest, sha3Text } from '@cap/crypto';
import { formatVerifierKey, verifierKey } from '@cap/tlog/notes';
import { RegistryData } from '@cap/storage';
import { cap, scratch } from '../cli.fixture.js';

const { privateKey } = generateKeyPairSync('ed25519');
const origin = 'log.example/cap';
const LOG_KEY = formatVerifierKey(verifierKey('ed25519', origin, createPublicKey(privateKey)));

let directory: string;
let bundle: Digest;
let entry: string;
const at = (...parts: string[]) => path.join(directory, ...parts);
const open = (now = new Date()) =>
  RegistryData.open({
    database: at('registry.db'),
    blobs: at('blobs'),
    program: 'test',
    now: () => now,
    log: { origin, keys: [privateKey] },
  });

beforeEach(async () => {
  directory = await scratch();
  const data = await open(new Date('2019-01-01T00:00:00Z'));
  bundle = (await data.putBlob(Readable.from([Buffer.from('bundle')]), { maxBytes: 100, retain: 'keep' })).blob_id;
  const hashes = { manifest_hash: null, proof_hash: null, policy_hash: null, report_hash: sha3Text('report') };
  const { record } = await data['database'].registerEntry({
    bundle_id: bundle,
    ...hashes,
    result: 'ok',
    signer_kid: null,
    company: 'ACME GmbH',
  });
  entry = record.entry_id;
  await data.log.checkpoint();
  await data.close();
});

const registry = (verb: string, ...more: string[]) =>
  cap(['registry', verb, ...more, '--data-dir', directory, '--json']);
const fsck = (...more: string[]) => registry('fsck', ...more);

describe('cap registry fsck', () => {
  it('checks the signatures of checkpoints with the key, given itself or in a file', async () => {
    expect(JSON.parse((await fsck()).out)).toMatchObject({ ok: true, signatures_checked: false });
    await writeFile(at('log.pub'), `${LOG_KEY}\n`);
    for (const key of [LOG_KEY, at('log.pub')])
      expect(JSON.parse((await fsck('--log-key', key)).out)).toMatchObject({
        ok: true,
        signatures_checked: true,
        checked: { checkpoints: 1, events: 2 },
      });
    const other = formatVerifierKey(verifierKey('ed25519', origin, generateKeyPairSync('ed25519').publicKey));
    const { code, out } = await fsck('--log-key', other);
    expect([code, JSON.parse(out).faults[0]]).toEqual([2, expect.stringContaining('checkpoint of epoch 1')]);
    expect((await fsck('--log-key', at('nowhere'))).code).toBe(66);
    expect((await fsck('--log-key', at('registry.db'))).code).toBe(65);
  });

  it('says what it can not tell without a checkpoint', async () => {
    const words = async () => (await cap(['registry', 'fsck', '--data-dir', directory])).out;
    expect(await words()).not.toContain('no checkpoint');
    await rm(at('checkpoints'), { recursive: true });
    expect(await words()).toContain("no checkpoint: it can't be told whether the end of the log is missing");
  });

  it('takes the stores from the configuration of the registry', async () => {
    const config = at('registry.json');
    await writeFile(config, JSON.stringify({ registry: { database: at('registry.db'), blobs: at('blobs') } }));
    const { code, out } = await cap(['registry', 'fsck', '--config', config, '--json']);
    expect([code, JSON.parse(out)]).toMatchObject([0, { ok: true, checked: { events: 2 } }]);
    expect((await cap(['registry', 'fsck', '--config', config, '--data-dir', directory])).code).toBe(64);
  });
});

describe('cap registry hold, release and erase', () => {
  it('erases only what is not held, and only when it was asked for', async () => {
    expect(JSON.parse((await registry('hold', bundle)).out)).toMatchObject({
      items: [{ entry_id: entry, legal_hold: true }],
    });
    const refused = await registry('erase', entry, '--yes');
    expect(refused.code).toBe(65);
    expect(refused.err).toContain('bundle.held');
    expect((await registry('release', entry)).code).toBe(0);
    const unsure = await cap(['registry', 'erase', entry, '--data-dir', directory], { stdin: 'no\n' });
    expect(unsure.code).toBe(64);
    expect(JSON.parse((await registry('show', entry)).out)).toMatchObject({ company: 'ACME GmbH', erased_at: null });
    const sure = await cap(['registry', 'erase', entry, '--data-dir', directory, '--json'], { stdin: 'erase\n' });
    expect(JSON.parse(sure.out)).toMatchObject({ bundle_id: bundle, entries: 1 });
    expect(JSON.parse((await registry('show', entry)).out)).toMatchObject({ company: null });
    expect((await cap(['blob', 'get', bundle, '--data-dir', directory])).code).toBe(65);
    expect(JSON.parse((await fsck('--log-key', LOG_KEY)).out)).toMatchObject({ ok: true });
    expect((await registry('erase', 'nobody', '--yes')).code).toBe(65);
  });
});

describe('cap registry retention', () => {
  it('names what is old, and erases it', async () => {
    expect((await registry('retention', '--dry-run')).code).toBe(64);
    expect((await registry('retention', '--dry-run', '--years', '6')).code).toBe(64);
    const named = JSON.parse((await registry('retention', '--dry-run', '--years', '7')).out);
    expect(named).toMatchObject({ bundles: [{ bundle_id: bundle }], more: false });
    expect(JSON.parse((await registry('retention', '--years', '7')).out).bundles).toEqual(named.bundles);
    expect(JSON.parse((await registry('show', entry)).out).erased_at).not.toBeNull();
    expect(JSON.parse((await registry('retention', '--years', '7')).out).bundles).toEqual([]);
  });
});

describe('cap blob gc', () => {
  it('moves a file without a row to the trash, once it is old enough', async () => {
    const data = await open();
    const spooled = await data['blobs'].spool(Readable.from([Buffer.from('orphan')]), 100);
    await spooled.publish();
    await data.close();
    const hex = spooled.blob_id.slice(2);
    const then = new Date(Date.now() - 3 * 3_600_000);
    await utimes(at('blobs', hex.slice(0, 2), hex.slice(2, 4), hex), then, then);
    const gc = async (...more: string[]) =>
      JSON.parse((await cap(['blob', 'gc', '--data-dir', directory, '--json', ...more])).out);
    expect(await gc()).toMatchObject({ orphans: 0 });
    expect(await gc('--grace', '2', '--dry-run')).toMatchObject({ orphans: 1 });
    expect(await gc('--grace', '2')).toMatchObject({ orphans: 1, purged: 0 });
    expect(await gc('--grace', '2')).toMatchObject({ orphans: 0 });
    expect((await cap(['blob', 'gc', '--data-dir', directory])).out).toContain(
      '0 unreferenced files moved to the trash',
    );
  });
});
