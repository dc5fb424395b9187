import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jcs, type JsonValue } from '../libs/core/src/index.js';
import { readBundle } from '../libs/proof/src/bundle/read.js';
import { encodeContainer } from '../libs/proof/src/container/container.js';
import {
  makeBundle,
  newSigner,
  NOW,
  signerRecord,
  tampered,
  zipped,
  type Made,
} from '../libs/verify/src/verification.fixture.js';
import { prepareStack, stopAll, type Service, type Stack } from '../scripts/local-stack.mjs';
import { generator, SCALE, SEED } from './chance.js';
import { example, temporaryDirectory } from './example-project.js';
import { call, postJson, postZip, type Answer } from './world.js';
import { rawZip, type RawEntry } from './raw-zip.js';

const ZIPS = 500 * SCALE;
const MUTATIONS = 5_000 * SCALE;
const AT_ONCE = 8;

const random = generator(SEED);
const below = (limit: number) => Math.floor(random() * limit);
const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
const chance = (share: number) => random() < share;

const signer = newSigner();
let directory: string;
let stack: Stack;
let token: string;
const services: Service[] = [];
let good: Record<'disclosure' | 'mock', Made>;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const trust = path.join(directory, 'trust.json');
  await writeFile(trust, JSON.stringify({ schema: 'cap-trust.v2', version: 1, signers: [signerRecord(signer)] }));
  stack = await prepareStack(path.join(directory, 'stack'), { trust, logLevel: 'warn' });
  for (const start of [stack.start.registry, stack.start.verifier]) {
    services.push(start());
    await services.at(-1)!.ready();
  }
  token = await stack.token('verify:read policy:write');
  good = {
    disclosure: withoutKey(await makeBundle({ signer })),
    mock: withoutKey(await makeBundle({ signer, backend: 'mock' })),
  };
  // The verifier holds all that a good bundle needs: what is worse than `ok` comes from the mutation alone.
  const { policy, proving } = good.disclosure;
  await taken('/policy/v2/compile', { policy: policy.document, persist: true });
  for (const { id, kind, as_of, list } of proving.context.referenceLists.values())
    await taken('/lists', { id, kind, as_of, content: Buffer.from(list.bytes).toString('base64') });
  for (const [name, result] of [
    ['disclosure', 'ok'],
    ['mock', 'warn'],
  ] as const) {
    const answer = await postZip(`${stack.verifierUrl}/verify?at=${NOW}`, token, good[name].zip);
    if (answer.body.result !== result) throw new Error(`the ${name} bundle is not ${result}: ${answer.text}`);
  }
}, 120_000);

async function taken(route: string, body: unknown): Promise<void> {
  const answer = await postJson(`${stack.verifierUrl}${route}`, token, body);
  if (answer.status !== 200) throw new Error(answer.text);
}

/** The trust store knows the key: whether the envelope carries it too makes no difference, so here it does not. */
function withoutKey(made: Made): Made {
  const envelope = JSON.parse(made.files.get('signatures.json')!.toString()) as { signatures: object[] };
  const signatures = envelope.signatures.map((signature) => ({ ...signature, public_key: undefined }));
  const files = new Map(made.files).set('signatures.json', jcs({ ...envelope, signatures }));
  return { ...made, files, zip: zipped(files) };
}

afterAll(async () => {
  await stopAll([...services].reverse());
  await rm(directory, { recursive: true, force: true });
});

const peakRss = () =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${services[1]!.pid}/status`, 'utf8'))![1]) / 1024;

/** What came of the inputs: how many ended how. Any 500, and any verdict better than fail, ends the test. */
async function sendAll(count: number, next: (i: number) => Promise<Answer>): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  let sent = 0;
  const before = peakRss();
  let slowest = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (sent < count) {
        const i = sent++;
        const started = performance.now();
        const answer = await next(i);
        slowest = Math.max(slowest, performance.now() - started);
        const outcome = answer.status === 200 ? String(answer.body.result ?? 'taken') : String(answer.body?.code);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (answer.status >= 500 || outcome === 'ok' || outcome === 'warn')
          throw new Error(`input ${i} of seed ${SEED}: ${answer.status} ${answer.text.slice(0, 500)}`);
      }
    }),
  );
  process.stderr.write(
    `seed ${SEED}: ${count} inputs, ${JSON.stringify(outcomes)}, slowest ${slowest.toFixed(0)} ms, RSS + ${(peakRss() - before).toFixed(0)} MB\n`,
  );
  return outcomes;
}

const NAMES = [
  ...['a', '_meta.json', 'manifest.json', 'proof.capz', 'signatures.json', 'proof.dat', 'reference/x.csv', 'x/'],
  ...['../a', 'a/../../b', '/etc/passwd', 'C:\\a', 'a\\b', '', '.', '..', 'a//b', 'a\0b', 'ü', '\u202ea', 'NUL'],
];

function hostileZip(): Buffer {
  const count = chance(0.01) ? 10_001 : below(6);
  const entries = Array.from({ length: count }, (_, i): RawEntry => {
    if (count > 100) return { name: `f${i}`, method: 0 };
    const entry: RawEntry = {
      name: pick(NAMES),
      bytes: pick([
        () => Buffer.alloc(0),
        () => Buffer.from('{}'),
        () => Buffer.from('{"schema":"cap-bundle.v3"}'),
        () => Buffer.alloc(below(2_000_000), 0),
        () => Buffer.from(Array.from({ length: below(300) }, () => below(256))),
        () => good.mock.zip,
      ])(),
      method: pick([0, 8, 8, 8, 12, 99]),
    };
    if (chance(0.1)) entry.flags = pick([1, 8, 0x800, 0xffff]);
    if (chance(0.1)) entry.size = pick([0, 1, 0x7fffffff, 0xffffffff]);
    if (chance(0.1)) entry.crc = below(2 ** 32);
    if (chance(0.1)) entry.mode = pick([0o120777, 0o040755, 0o060600, 0]);
    if (chance(0.1)) entry.localName = pick(NAMES);
    if (chance(0.1)) entry.overlaps = true;
    return entry;
  });
  const zip = rawZip(entries, {
    leading: chance(0.1) ? 'MZ' : '',
    trailing: chance(0.1) ? 'more' : '',
    comment: chance(0.1) ? 'PK\x05\x06' : '',
  });
  return chance(0.3) ? flipped(zip) : zip;
}

/** Some bytes changed, cut or doubled. */
function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  for (let i = 1 + below(4); i > 0 && changed.length > 0; i--) changed[below(changed.length)]! ^= 1 << below(8);
  if (chance(0.1)) return changed.subarray(0, below(changed.length));
  return chance(0.1) ? Buffer.concat([changed, changed]) : changed;
}

const VALUES: (() => JsonValue)[] = [
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    1e308,
    '',
    'x',
    '0x',
    '\u0000',
    '\ud83d',
    '__proto__',
    'constructor',
    [],
    {},
  ].map((value) => () => value as JsonValue),
  () => 'A'.repeat(below(5_000)),
  () => Array.from({ length: below(200) }, () => 0),
  () => JSON.parse(`${'['.repeat(80)}${']'.repeat(80)}`) as JsonValue,
  () => ({ constructor: { prototype: { admin: true } } }),
];

/** The value with one to three changes anywhere in it. */
function mutated(value: JsonValue): JsonValue {
  const copy = structuredClone(value);
  for (let i = 1 + below(3); i > 0; i--) change(copy);
  return JSON.stringify(copy) === JSON.stringify(value) ? mutated(value) : copy;
}
function change(root: JsonValue): void {
  let place = root as Record<string, JsonValue>;
  for (;;) {
    const keys = Object.keys(place);
    if (keys.length === 0) return;
    const key = pick(keys);
    const inner = place[key];
    if (inner !== null && typeof inner === 'object' && chance(0.7)) {
      place = inner as Record<string, JsonValue>;
      continue;
    }
    if (chance(0.2) && !Array.isArray(place)) delete place[key];
    else if (chance(0.2)) place[chance(0.5) ? 'surprise' : '__proto__x'] = pick(VALUES)();
    else if (typeof inner === 'string' && chance(0.4))
      place[key] = inner.slice(0, below(inner.length + 1)) + pick(['', 'x', '0']);
    else place[key] = pick(VALUES)();
    return;
  }
}
/** JSON text that an honest writer does not make. */
function hostileText(value: JsonValue): string {
  const text = JSON.stringify(value);
  if (chance(0.05)) return flipped(Buffer.from(text)).toString('latin1');
  if (chance(0.05)) return text.replace('{', '{"__proto__":{"admin":true},');
  if (chance(0.05)) return text.replace('{', '{"a":1,"a":2,');
  return text;
}

const parsed = (made: Made, name: string) => JSON.parse(made.files.get(name)!.toString()) as JsonValue;
const PAYLOAD_OFFSET = 78;

/** A bundle with one part mutated. What is under a signature is signed anew by the right signer, as a dishonest prover would. */
function hostileBundle(): Buffer {
  const backend = pick(['disclosure', 'mock'] as const);
  const made = good[backend];
  // A value may have been exchanged for itself.
  const resigned = (name: string, bytes: Buffer) =>
    bytes.equals(made.files.get(name)!)
      ? made.zip
      : tampered(made, { files: (files) => files.set(name, bytes), signers: [signer] });
  const replaced = (name: string, bytes: Buffer) => zipped(new Map(made.files).set(name, bytes));
  return pick([
    () => flipped(made.zip),
    () => resigned('manifest.json', jcsOr(mutated(parsed(made, 'manifest.json')))),
    () => resigned('proof.capz', flipped(made.files.get('proof.capz')!)),
    () => {
      const container = made.files.get('proof.capz')!;
      const payload = jcsOr(mutated(JSON.parse(container.subarray(PAYLOAD_OFFSET).toString()) as JsonValue));
      const zeros = Buffer.alloc(32);
      return resigned(
        'proof.capz',
        encodeContainer({ backendId: container[6]!, vkHash: zeros, paramsHash: zeros, payload }),
      );
    },
    () => replaced('_meta.json', Buffer.from(hostileText(mutated(parsed(made, '_meta.json'))))),
    () => replaced('signatures.json', Buffer.from(hostileText(mutated(parsed(made, 'signatures.json'))))),
  ])();
}
/** Canonical if it can be: so that not every mutation ends at that check. */
function jcsOr(value: JsonValue): Buffer {
  try {
    return jcs(value);
  } catch {
    return Buffer.from(JSON.stringify(value));
  }
}

/** A zip's directory also says times and permissions, which nobody reads: with the same files it is the same bundle. */
async function isUnchanged(bundle: Buffer): Promise<boolean> {
  const { files } = await readBundle(bundle);
  return Object.values(good).some(
    (made) =>
      files.size === made.files.size && [...files].every(([name, bytes]) => made.files.get(name)?.equals(bytes)),
  );
}

describe('input that nobody should send', () => {
  it(`${ZIPS} generated zips: refused or fail, whatever is in them`, async () => {
    const outcomes = await sendAll(ZIPS, () => postZip(`${stack.verifierUrl}/verify`, token, hostileZip()));
    expect(outcomes['bundle.unreadable']).toBeGreaterThan(0);
    expect(outcomes['bundle.limit']).toBeGreaterThan(0);
  }, 1_800_000);

  it(`${MUTATIONS * 0.6} bundles with one part mutated: never better than fail`, async () => {
    const outcomes = await sendAll(MUTATIONS * 0.6, async () => {
      const bundle = hostileBundle();
      const answer = await postZip(`${stack.verifierUrl}/verify?at=${NOW}`, token, bundle);
      if (answer.status === 200 && answer.body.result !== 'fail' && (await isUnchanged(bundle)))
        answer.body.result = 'same files';
      return answer;
    });
    expect(outcomes['fail']).toBeGreaterThan(0);
  }, 1_800_000);

  it(`${MUTATIONS * 0.4} mutated bodies, policies and lists: never 500`, async () => {
    const v1 = JSON.parse(await readFile(example('policies/lksg.v1.json'), 'utf8')) as JsonValue;
    const v2 = good.disclosure.policy.document;
    const { files } = good.disclosure;
    const context = {
      manifest: parsed(good.disclosure, 'manifest.json'),
      proof: files.get('proof.capz')!.toString('base64'),
      signatures: parsed(good.disclosure, 'signatures.json'),
    };
    const list = {
      id: 'hostile',
      kind: 'sanctions',
      as_of: '2026-01-01',
      content: Buffer.from('name,nationality\nx,RU\n').toString('base64'),
    };
    const bodies: [string, () => JsonValue][] = [
      ['/verify', () => ({ context: mutated(context), options: { at: NOW } })],
      [
        '/verify',
        () =>
          mutated({
            bundle_id: `0x${'0'.repeat(64)}`,
            options: { audience: 'x', at: '2026-01-01T00:00:00Z' },
            backend: 'auto',
          }),
      ],
      ['/policy/compile', () => mutated(v1)],
      ['/policy/v2/compile', () => mutated({ policy: v2, lint_mode: 'relaxed' })],
      ['/policy/v2/compile', () => ({ policy: mutated(v2) })],
      ['/lists', () => mutated(list)],
    ];
    await sendAll(MUTATIONS * 0.4, async () => {
      const [route, body] = pick(bodies);
      return postJson(`${stack.verifierUrl}${route}`, token, hostileText(body()));
    });
    // Whatever was sent, a good question is answered well.
    const after = await call(`${stack.verifierUrl}/readyz`);
    expect(after.status).toBe(200);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    expect(services[1]!.log).not.toContain('"level":"error"');
  }, 1_800_000);
});
