/** Several registry processes on one PostgreSQL server and one bucket: one log. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chainFault, type ChainEvent, type LogTrust, parseReceipt, verifyReceipt } from '@cap/tlog';
import { parseVerifierKey } from '@cap/tlog/notes';
import type { JsonValue } from '@cap/core';
import { sha3Text } from '@cap/crypto';
import { ScaleOutStores } from '../../../libs/storage/src/profile.fixture.js';
import { freePort, Service } from '../../../scripts/local-stack.mjs';
import { temporaryDirectory } from '../../../e2e/example-project.js';
import { call, postJson } from '../../../e2e/world.js';

const TOKENS = { verifier: 'verifier-token-0123456789', operator: 'operator-token-0123456789' };
const hashOf = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;

let directory: string;
let stores: ScaleOutStores;
let config: string;
const replicas: Service[] = [];
beforeAll(async () => {
  directory = await temporaryDirectory();
  stores = await ScaleOutStores.make();
  const key = path.join(directory, 'log.key');
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(key, pem, { mode: 0o600 });
  const tokens = Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, [hashOf(token)]]));
  config = path.join(directory, 'config', 'app.yaml');
  await mkdir(path.dirname(config));
  const registry = { ...stores.place, log: { origin: 'replicas.example/log', key }, tokens };
  await writeFile(config, JSON.stringify({ registry }), { mode: 0o600 });
  // All at once, on an empty database: one of them makes the schema.
  await Promise.all([start(), start(), start()]);
}, 120_000);
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()));
  await stores.remove();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

async function start(): Promise<Service> {
  const port = await freePort();
  const replica = new Service(
    'cap-registry',
    ['--config', config, '--management-bind', `127.0.0.1:${port}`],
    `http://127.0.0.1:${port}`,
  );
  replicas.push(replica);
  await replica.ready();
  return replica;
}

const as = { token: TOKENS.verifier };
const operator = { token: TOKENS.operator };

/** Uploads through one replica and registers through another, like a load balancer that knows no sessions. */
async function register(text: string, upload: Service, entry: Service) {
  const blob = await call(`${upload.url}/v1/blobs`, {
    method: 'PUT',
    ...as,
    headers: { 'content-type': 'application/octet-stream' },
    body: text,
  });
  const nothing = { manifest_hash: null, proof_hash: null, policy_hash: null, signer_kid: null, company: null };
  const body = { bundle_id: blob.body?.blob_id, result: 'ok', report_hash: sha3Text(text), ...nothing };
  return postJson(`${entry.url}/v1/entries`, as.token, body);
}

async function trust(): Promise<LogTrust> {
  const { verifier_keys } = (await call(`${replicas[0]!.url}/v1/log/checkpoint`, operator)).body;
  return { logKeys: verifier_keys.map(parseVerifierKey), witnessKeys: [], witnessThreshold: 0 };
}

const checkpointOf = async (replica: Service) => (await call(`${replica.url}/v1/log/checkpoint`, operator)).body;

async function wholeLog(replica: Service): Promise<ChainEvent[]> {
  const events: ChainEvent[] = [];
  for (let from: number | null = 0; from !== null;) {
    const page: { items: ChainEvent[]; next_from: number | null } = (
      await call(`${replica.url}/v1/events?from=${from}&limit=1000`, operator)
    ).body;
    events.push(...page.items);
    from = page.next_from;
  }
  return events;
}

/** Every position once, in one chain, the same from each replica, under one checkpoint. */
async function expectOneLog(of: Service[]): Promise<ChainEvent[]> {
  const logs = await Promise.all(of.map(wholeLog));
  const [log] = logs as [ChainEvent[]];
  for (const other of logs) expect(other).toEqual(log);
  log.forEach((event, i) => expect(chainFault(log[i - 1] ?? null, event)).toBeNull());
  const checkpoints = await Promise.all(of.map(checkpointOf));
  for (const { checkpoint } of checkpoints) expect(checkpoint).toBe(checkpoints[0].checkpoint);
  expect(checkpoints[0].tree_size).toBe(log.length);
  return log;
}

describe('three registries on one database', () => {
  it('keep one log without a gap, and every receipt holds', async () => {
    const [a, b, c] = replicas as [Service, Service, Service];
    const pairs = [
      [a, b],
      [b, c],
      [c, a],
      [a, a],
    ] as const;
    const answers = (
      await Promise.all(
        pairs.map(async ([upload, entry], pair) => {
          const all = [];
          for (let i = 0; i < 25; i++) all.push(await register(`bundle ${pair} ${i}`, upload, entry));
          return all;
        }),
      )
    ).flat();
    for (const answer of answers) expect(answer.status).toBe(200);
    const believed = await trust();
    for (const { body } of answers) {
      const verified = verifyReceipt(parseReceipt(body.receipt as JsonValue), believed);
      expect(verified).toMatchObject({ valid: true, origin: 'replicas.example/log/1' });
      expect(verified.event).toMatchObject({ seq: body.entry.log_index, details: { entry_id: body.entry.entry_id } });
    }
    const log = await expectOneLog([a, b, c]);
    expect(log.map(({ seq }) => seq)).toEqual(
      answers.map(({ body }) => body.entry.log_index as number).sort((x, y) => x - y),
    );
  });

  it('give one entry to the same bundle, whoever is asked', async () => {
    const texts = Array.from({ length: 10 }, (_, i) => `the same ${i}`);
    const answers = await Promise.all(
      texts.flatMap((text) => replicas.map((replica) => register(text, replica, replica))),
    );
    for (const { status } of answers) expect(status).toBe(200);
    expect(answers.filter(({ body }) => body.created)).toHaveLength(texts.length);
    expect(new Set(answers.map(({ body }) => body.entry.log_index)).size).toBe(texts.length);
  });

  it('lose nothing that was acknowledged when one is killed in the middle of writing', async () => {
    const [a, b, victim] = replicas as [Service, Service, Service];
    const acknowledged: { entry_id: string; log_index: number }[] = [];
    let ended = false;
    const writers = [a, b, victim, victim].map(async (replica, writer) => {
      for (let i = 0; !ended; i++) {
        const answer = await register(`killed ${writer} ${i}`, replica, replica).catch(() => null);
        if (answer?.status === 200) acknowledged.push(answer.body.entry);
        else if (replica === victim) return;
        else throw new Error(`a replica that lives answered ${answer?.status}: ${answer?.text}`);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await victim.stop('SIGKILL');
    const before = acknowledged.length;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    ended = true;
    await Promise.all(writers);
    expect(acknowledged.length).toBeGreaterThan(before);

    replicas.splice(replicas.indexOf(victim), 1);
    const fresh = await start();
    const log = await expectOneLog([a, b, fresh]);
    const indexes = new Map(log.map(({ seq, details }) => [details.entry_id, seq]));
    for (const { entry_id, log_index } of acknowledged) expect(indexes.get(entry_id)).toBe(log_index);
  });
});
