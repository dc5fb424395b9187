import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonValue } from '@cap/core';
import { type LogTrust, parseCheckpoint, parseReceipt, verifyCheckpoint, verifyReceipt } from '@cap/tlog';
import { parseVerifierKey } from '@cap/tlog/notes';
import { verifyConsistency } from '@cap/tlog/merkle';
import { entryOf, POLICY_V1, TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
let trust: LogTrust;
beforeAll(async () => {
  registry = await TestRegistry.start({}, undefined, { origin: 'log.example/cap' });
  trust = await trustOf(registry);
});
afterAll(() => registry.stop());

async function trustOf(of: TestRegistry): Promise<LogTrust> {
  const { verifier_keys } = (await of.as('operator').get('/v1/log/checkpoint')).body;
  return { logKeys: verifier_keys.map(parseVerifierKey), witnessKeys: [], witnessThreshold: 0 };
}

async function register(text: string, of = registry) {
  const { blob_id } = (await of.as('verifier').putBlob(text)).body;
  return (await of.as('verifier').post('/v1/entries', entryOf(blob_id))).body;
}
const checkpoint = async () => (await registry.as('operator').get('/v1/log/checkpoint')).body;
const rootOf = (note: string) => parseCheckpoint(note).root;

describe('the log', () => {
  it('gives a receipt with each entry that holds with nothing but the log key', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => register(`bundle ${i}`)));
    for (const { entry, receipt } of answers) {
      const { valid, event, origin } = verifyReceipt(parseReceipt(receipt as JsonValue), trust);
      expect({ valid, origin }).toEqual({ valid: true, origin: 'log.example/cap/1' });
      expect(event).toMatchObject({ seq: entry.log_index, details: { entry_id: entry.entry_id } });
    }
    expect(new Set(answers.map(({ entry }) => entry.log_index)).size).toBe(12);
  });

  it('answers for any event in any earlier tree', async () => {
    const { tree_size } = await checkpoint();
    for (const size of [1, 2, 7, tree_size])
      for (let index = 0; index < size; index++) {
        const route = `/v1/log/inclusion?log_index=${index}&tree_size=${size}`;
        const receipt = parseReceipt((await registry.as('backup').get(route)).body as JsonValue);
        expect(verifyReceipt(receipt, trust)).toMatchObject({ valid: true, event: { seq: index } });
        expect(receipt.tree_size).toBe(size);
      }
  });

  it('proves that each tree is the beginning of the next', async () => {
    const newest = await checkpoint();
    for (let from = 0; from <= newest.tree_size; from++) {
      const older = (await registry.as('verifier').get(`/v1/log/consistency?from=0&to=${from}`)).body;
      const answer = (await registry.as('verifier').get(`/v1/log/consistency?from=${from}`)).body;
      expect(verifyCheckpoint(parseCheckpoint(answer.checkpoint), trust).failures).toEqual([]);
      const claim = {
        oldSize: from,
        newSize: answer.to,
        oldRoot: rootOf(older.checkpoint),
        newRoot: rootOf(answer.checkpoint),
        proof: answer.proof.map((hash: string) => Buffer.from(hash, 'base64')),
      };
      expect(verifyConsistency(claim)).toBe(true);
    }
  });

  it.each([
    ['inclusion?log_index=1000000', 404, 'entry.unknown'],
    ['inclusion?log_index=0&tree_size=1000000', 400, 'request.schema'],
    ['inclusion?log_index=-1', 400, 'request.schema'],
    ['inclusion', 400, 'request.schema'],
    ['consistency?from=1000000', 400, 'request.schema'],
    ['consistency?from=2&to=1', 400, 'request.schema'],
    ['consistency?from=0&to=1000000', 400, 'request.schema'],
    ['consistency?from=0.5', 400, 'request.schema'],
  ])('refuses %s', async (route, status, code) => {
    const answer = await registry.as('operator').get(`/v1/log/${route}`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('goes on under the same key after a restart', async () => {
    const before = await checkpoint();
    registry = await registry.restart();
    expect(await checkpoint()).toEqual(before);
    expect((await stat(registry.at('keys', 'log.key'))).mode & 0o777).toBe(0o600);
  });

  it('writes its newest checkpoint beside the database', async () => {
    const { tree_size } = await checkpoint();
    await registry.data.log.close();
    expect(parseCheckpoint(await registry.storedCheckpoint(1))).toMatchObject({
      origin: 'log.example/cap/1',
      size: tree_size,
    });
  });
});

it('what nobody asked a checkpoint of has one beside the database when the registry has ended', async () => {
  const own = await TestRegistry.start();
  await own.as('verifier').post('/v1/policies', { document: POLICY_V1 }).expect(200);
  await own.end();
  expect(parseCheckpoint(await own.storedCheckpoint(1)).size).toBe(1);
  await own.remove();
});

describe('checkpoints that can not be read and written', () => {
  const scrape = async (of: TestRegistry) => (await of.as('operator').get('/metrics')).text;
  const failures = async (of: TestRegistry) =>
    Number(/^cap_log_checkpoint_failures_total (\d+)$/m.exec(await scrape(of))![1]);

  it('are told by readiness, metric and log, and written as soon as they can be, without a further event', async () => {
    const own = await TestRegistry.start();
    try {
      const before = await failures(own);
      await register('guarded', own);
      while ((await own.storedCheckpoint(1).catch(() => '')) === '');
      const unblock = await own.blockCheckpoint(1);
      const { entry } = await register('unguarded', own);
      let ready = await own.as('operator').get('/readyz');
      while (ready.status === 200) ready = await own.as('operator').get('/readyz');
      expect([ready.status, ready.body.missing]).toEqual([503, ['checkpoints']]);
      expect(await failures(own)).toBeGreaterThan(before);
      expect(own.lines.join('')).toContain('the newest checkpoint can not be written');
      await unblock();
      while (ready.status !== 200) ready = await own.as('operator').get('/readyz');
      expect(parseCheckpoint(await own.storedCheckpoint(1)).size).toBe(entry.log_index + 1);
      expect(own.lines.join('')).toContain('checkpoints are written again');
    } finally {
      await own.stop();
    }
  });

  it('stop the start: a log that was cut meanwhile would not be noticed', async () => {
    const own = await TestRegistry.start();
    await register('first', own);
    await own.end();
    const unblock = await own.block('checkpoints');
    await expect(TestRegistry.start({}, own)).rejects.toMatchObject(
      own.shared
        ? { kind: 'io', code: 'storage.denied', message: expect.stringContaining('checkpoints/') }
        : { exit: 78, message: expect.stringContaining('can write to at ' + own.at('checkpoints')) },
    );
    await unblock();
    await (await TestRegistry.start({}, own)).stop();
  });
});

describe('a log that was changed from outside', () => {
  const CUT = ['DELETE FROM entries WHERE log_index = 1', 'DELETE FROM events WHERE seq = 1'];

  it.each([
    ['a changed hash of the tree', ['UPDATE log_hashes SET hash = zeroblob(32) WHERE position = 1']],
    ['a missing hash of the tree', ['DELETE FROM log_hashes WHERE position = 1']],
    ['a changed event', [`UPDATE events SET ts = '2020-01-01T00:00:00.000Z' WHERE seq = 0`]],
    ['a cut tail', CUT],
  ])('%s is never proven: the call fails, the service is not ready, the metric says so', async (_what, statements) => {
    const own = await TestRegistry.start();
    try {
      await register('first', own);
      await register('second', own);
      await own.tamper(...statements);
      expect((await own.as('operator').get('/v1/log/inclusion?log_index=0&tree_size=2')).status).toBe(500);
      const ready = await own.as('operator').get('/readyz');
      expect([ready.status, ready.body.missing]).toEqual([503, ['log']]);
      expect((await own.as('operator').get('/metrics')).text).toMatch(/cap_log_proof_failures_total [1-9]/);
    } finally {
      await own.stop();
    }
  });

  it.each([
    ['lost its end', [...CUT, 'DELETE FROM log_hashes WHERE position > 0'], 'log.cut'],
    ['was rewritten', ['UPDATE log_hashes SET hash = zeroblob(32) WHERE position = 2'], 'log.changed'],
    ['lost its end behind the row of an epoch', [...CUT, 'INSERT INTO epochs VALUES (2, 0)'], 'log.epoch'],
  ])('does not start when it %s', async (_what, statements, code) => {
    const own = await TestRegistry.start();
    await register('first', own);
    await register('second', own);
    await own.end();
    await own.tamper(...statements);
    await expect(TestRegistry.start({}, own)).rejects.toMatchObject({ code });
    await own.remove();
  });

  it('does not start when its checkpoint can not be read, and says which', async () => {
    const own = await TestRegistry.start();
    await register('first', own);
    await own.end();
    await own.exchange('checkpoints/1', '');
    const message = expect.stringMatching(/^checkpoint of epoch 1: .*cap registry fsck/);
    await expect(TestRegistry.start({}, own)).rejects.toMatchObject({ kind: 'io', code: 'log.checkpoint', message });
    await own.remove();
  });
});

describe('the key of the log', () => {
  it('that is replaced signs beside the new one, so that both are believed', async () => {
    const own = await TestRegistry.start();
    await register('first', own);
    const old = await trustOf(own);
    await own.end();
    const fresh = own.at('keys', 'log-2.key');
    await writeFile(fresh, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    const rotated = await TestRegistry.start({}, own, { key: [fresh, own.at('keys', 'log.key')] });
    const { receipt } = await register('second', rotated);
    const both = await trustOf(rotated);
    expect(both.logKeys).toHaveLength(2);
    for (const logKeys of [old.logKeys, [both.logKeys[0]!]])
      expect(verifyReceipt(parseReceipt(receipt as JsonValue), { ...old, logKeys }).valid).toBe(true);
    await rotated.end();
    // The old one can go once the checkpoint beside the log has the new one's signature.
    const alone = await TestRegistry.start({}, own, { key: fresh });
    await alone.stop();
  });

  it('may not be gone or exchanged while its epoch lasts', async () => {
    const own = await TestRegistry.start();
    await register('first', own);
    const file = own.at('keys', 'log.key');
    const old = await readFile(file);
    await own.end();
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await expect(TestRegistry.start({}, own)).rejects.toMatchObject({ kind: 'config', code: 'log.key' });
    if (own.shared === null) {
      await rm(file);
      await expect(TestRegistry.start({}, own)).rejects.toMatchObject({ code: 'log.key' });
    }
    await writeFile(file, old, { mode: 0o600 });
    const back = await TestRegistry.start({}, own);
    await back.stop();
  });

  it('that others can read, that is not there or is none stops the start', async () => {
    const own = await TestRegistry.start();
    await own.end();
    const again = (key?: string) => TestRegistry.start({}, own, key === undefined ? {} : { key });
    await chmod(own.at('keys', 'log.key'), 0o644);
    await expect(again()).rejects.toMatchObject({ code: 'key.forbidden' });
    await expect(again(own.at('nowhere.key'))).rejects.toMatchObject({ code: 'config.invalid' });
    await writeFile(own.at('no.key'), 'no key', { mode: 0o600 });
    await expect(again(own.at('no.key'))).rejects.toMatchObject({ code: 'key.malformed' });
    await own.remove();
  });
});
