import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import request, { type Response, type Test } from 'supertest';
import type { WrittenBundle } from '@cap/proof/prove';
import { ALL_SCOPES, OTHER_ISSUER, TestVerifier, tokenWith } from '../verifier.fixture.js';

const V1 = await readFile(path.join(import.meta.dirname, '../../../../examples/policies/lksg.v1.json'), 'utf8');
const v2 = (version: string, max = 10) => ({
  id: 'lksg.suppliers',
  version,
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  rules: [{ id: 'few-suppliers', op: 'range_max', lhs: 'supplier_count', rhs: max }],
});
const listOf = (name: string) => ({
  id: 'sanctions',
  kind: 'sanctions',
  as_of: '2026-01-15',
  content: Buffer.from(`name,birthdate,nationality,id\n${name},,DE,\n`).toString('base64'),
});

let api: TestVerifier;
let bundle: WrittenBundle;
let other: WrittenBundle;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
  bundle = await api.prover.bundle();
  other = await api.prover.bundle('disclosure', { nonce: 'other' });
});
afterAll(() => api?.stop());

const register = (at: TestVerifier, bytes: Uint8Array, query = '') =>
  at.as().zip(`/verify?register=true${query}`, bytes);
const keyed = (key: string, call: Test): Test => call.set('idempotency-key', key);
const outcome = ({ status, body, headers }: Response) => [status, body.code, headers['idempotency-replayed']];
const MISMATCH = [422, 'idempotency.mismatch', undefined];

/** Each writing route: the same request twice, and one with other content. */
const WRITES: [string, () => Test, () => Test][] = [
  ['POST /verify with a zip', () => register(api, bundle.bytes), () => register(api, other.bytes)],
  ['POST /verify with another query', () => register(api, bundle.bytes), () => register(api, bundle.bytes, '&nonce=x')],
  [
    'POST /verify by id',
    () => api.as().post('/verify', { bundle_id: bundle.bundleId, options: { register: true } }),
    () => api.as().post('/verify', { bundle_id: bundle.bundleId, options: { register: true, nonce: 'x' } }),
  ],
  ['POST /proof/upload', () => api.as().upload(bundle.bytes), () => api.as().upload(other.bytes)],
  [
    'POST /policy/compile',
    () => api.as().post('/policy/compile', V1),
    () => api.as().post('/policy/compile', `${V1} `),
  ],
  [
    'POST /policy/v2/compile',
    () => api.as().post('/policy/v2/compile', { policy: v2('1.0.0'), persist: true }),
    () => api.as().post('/policy/v2/compile', { policy: v2('1.1.0'), persist: true }),
  ],
  ['POST /lists', () => api.as().post('/lists', listOf('A')), () => api.as().post('/lists', listOf('B'))],
];

describe('a key', () => {
  it.each(WRITES)('of %s gives the first answer again, and to nothing else', async (name, same, different) => {
    const first = await keyed(name.replaceAll(' ', '-'), same());
    expect(outcome(first)).toEqual([200, undefined, undefined]);
    const again = await keyed(name.replaceAll(' ', '-'), same());
    expect(outcome(again)).toEqual([200, undefined, 'true']);
    expect(again.text).toBe(first.text);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(outcome(await keyed(name.replaceAll(' ', '-'), different()))).toEqual(MISMATCH);
    expect(outcome(await same())).toEqual([200, undefined, undefined]);
  });

  it('gives the answer of then, not of now', async () => {
    const first = await keyed('then', api.as().post('/lists', listOf('Then'))).expect(200);
    expect(first.body.created).toBe(true);
    expect((await api.as().post('/lists', listOf('Then'))).body.created).toBe(false);
    expect((await keyed('then', api.as().post('/lists', listOf('Then')))).body).toEqual(first.body);
  });

  it('belongs to the subject and the route', async () => {
    const somebody = api.as(ALL_SCOPES, { sub: 'somebody else' });
    await keyed('mine', api.as().post('/lists', listOf('Mine'))).expect(200);
    expect(outcome(await keyed('mine', somebody.post('/lists', listOf('Other'))))).toEqual([200, undefined, undefined]);
    const namesake = api.as(ALL_SCOPES, { iss: OTHER_ISSUER });
    expect(outcome(await keyed('mine', namesake.post('/lists', listOf('Third'))))).toEqual([200, undefined, undefined]);
    expect(outcome(await keyed('mine', api.as().upload(bundle.bytes)))).toEqual([200, undefined, undefined]);
  });

  it('opens nothing to a token that may not write', async () => {
    await keyed('rights', register(api, bundle.bytes)).expect(200);
    const call = api.as('verify:read').zip('/verify?register=true', bundle.bytes);
    expect(outcome(await keyed('rights', call))).toEqual([403, 'auth.scope', undefined]);
    await keyed('rights', api.as().post('/policy/v2/compile', { policy: v2('2.0.0'), persist: true })).expect(200);
    const compile = api.as('verify:read').post('/policy/v2/compile', { policy: v2('2.0.0'), persist: true });
    expect(outcome(await keyed('rights', compile))).toEqual([403, 'auth.scope', undefined]);
  });

  it('keeps no failure: what changed nothing may be corrected under the same key', async () => {
    const bad = { ...v2('3.0.0'), legal_basis: [] };
    const refused = await keyed('retry', api.as().post('/policy/v2/compile', { policy: bad, persist: true }));
    expect([refused.status, refused.body.stored]).toEqual([422, false]);
    const good = api.as().post('/policy/v2/compile', { policy: v2('3.0.0'), persist: true });
    expect((await keyed('retry', good).expect(200)).body.stored).toBe(true);
    const conflict = api.as().post('/policy/v2/compile', { policy: v2('3.0.0', 11), persist: true });
    expect(outcome(await keyed('conflict', conflict))).toEqual([409, 'policy.conflict', undefined]);
    expect((await keyed('zip', api.as().upload(Buffer.from('no zip')))).body.code).toBe('bundle.unreadable');
    await keyed('zip', api.as().upload(bundle.bytes)).expect(200);
  });

  it('means nothing where nothing is written', async () => {
    for (let i = 0; i < 2; i++) {
      const verdict = await keyed('read', api.as().zip(`/verify?nonce=${i}`, bundle.bytes));
      expect(outcome(verdict)).toEqual([200, undefined, undefined]);
      const compiled = await keyed('read', api.as().post('/policy/v2/compile', { policy: v2(`4.0.${i}`) }));
      expect(outcome(compiled)).toEqual([200, undefined, undefined]);
    }
  });

  it.each([
    ['with a space', 'has space'],
    ['of 256 characters', 'x'.repeat(256)],
    ['outside ASCII', 'é'],
    ['that is empty', ''],
  ])('%s is refused', async (_, key) => {
    const answer = await keyed(key, api.as().post('/lists', listOf('A')));
    expect(outcome(answer)).toEqual([400, 'request.schema', undefined]);
    expect(answer.body.detail).toContain('idempotency-key');
  });

  it.each([
    ['one character', '!'],
    ['255 characters', '~'.repeat(255)],
  ])('of %s is taken', async (_, key) => {
    await keyed(key, api.as().post('/lists', listOf('A'))).expect(200);
  });
});

describe('replicas and failures', () => {
  it('a key is known to another replica, and after a restart', async () => {
    const replica = await api.replica();
    const first = await keyed('anywhere', register(replica, bundle.bytes)).expect(200);
    await replica.service.stop();
    const again = await keyed('anywhere', register(api, bundle.bytes));
    expect([...outcome(again), again.text]).toEqual([200, undefined, 'true', first.text]);
    const restarted = await api.replica();
    expect(outcome(await keyed('anywhere', register(restarted, other.bytes)))).toEqual(MISMATCH);
    await restarted.service.stop();
  });

  it('of many at the same time one is carried out; the others hear that it runs, and get its answer later', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => keyed('at-once', api.as().post('/lists', listOf('At once')))),
    );
    const first = answers.filter(({ status, headers }) => status === 200 && !headers['idempotency-replayed']);
    expect(first).toHaveLength(1);
    expect(first[0]!.body.created).toBe(true);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(outcome(answer)).toEqual([409, 'idempotency.in-flight', undefined]);
      expect(answer.headers['retry-after']).toBe('1');
    }
    expect((await keyed('at-once', api.as().post('/lists', listOf('At once')))).body).toEqual(first[0]!.body);
  });

  it('is in flight while the first request waits', async () => {
    const relay = await api.relay();
    const replica = await api.replica({ registry: { url: relay.url } });
    const go = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    relay.fate = async ({ path: route }) => {
      if (route !== '/v1/lists') return undefined;
      arrived.resolve();
      await go.promise;
      return undefined;
    };
    const slow = keyed('slow', replica.as().post('/lists', listOf('Slow'))).then((answer) => answer);
    await arrived.promise;
    const second = await keyed('slow', api.as().post('/lists', listOf('Slow')));
    expect(outcome(second)).toEqual([409, 'idempotency.in-flight', undefined]);
    expect(second.headers['retry-after']).toBe('1');
    expect(outcome(await keyed('slow', api.as().post('/lists', listOf('Fast'))))).toEqual(MISMATCH);
    go.resolve();
    const first = await slow;
    expect(first.status).toBe(200);
    expect((await keyed('slow', api.as().post('/lists', listOf('Slow')))).text).toBe(first.text);
  });

  it('a process that is killed in the middle blocks its key for no longer than the lease', async () => {
    const relay = await api.relay();
    // The lease that the process asks for, shortened: nobody wants to wait for it here.
    relay.fate = ({ method, path: route, body }) =>
      method === 'POST' && route === '/v1/idempotency-keys'
        ? { body: Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), lease_seconds: 2 })) }
        : undefined;
    const registering = relay.swallow(({ path: route }) => route === '/v1/entries');
    const doomed = await api.process({ registry: { url: relay.url } });
    const lost = request(doomed.url)
      .post('/verify?register=true')
      .set({
        authorization: `Bearer ${tokenWith(ALL_SCOPES)}`,
        'content-type': 'application/zip',
        'idempotency-key': 'killed',
      })
      .send(Buffer.from(other.bytes) as never)
      .then(
        () => 'answered',
        () => 'lost',
      );
    await registering;
    await doomed.stop('SIGKILL');
    expect(await lost).toBe('lost');

    let answer = await keyed('killed', register(api, other.bytes));
    expect(outcome(answer)).toEqual([409, 'idempotency.in-flight', undefined]);
    for (let i = 0; i < 20 && answer.status === 409; i++) {
      await pause(Number(answer.headers['retry-after']) * 1000);
      answer = await keyed('killed', register(api, other.bytes));
    }
    expect(outcome(answer)).toEqual([200, undefined, undefined]);
    expect((await keyed('killed', register(api, other.bytes))).text).toBe(answer.text);
  });

  it('no success is answered that is not kept, and the next try carries on', async () => {
    const relay = await api.relay();
    const replica = await api.replica({ registry: { url: relay.url } });
    relay.fate = ({ path: route }) => (route.includes('/answer') ? { status: 507, code: 'storage.full' } : undefined);
    const call = () => keyed('unkept', replica.as().post('/lists', listOf('Unkept')));
    expect(outcome(await call())).toEqual([507, 'storage.full', undefined]);
    relay.fate = () => undefined;
    expect(outcome(await call())).toEqual([200, undefined, undefined]);
    expect(outcome(await call())).toEqual([200, undefined, 'true']);
  });
});
