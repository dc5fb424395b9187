import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { digestOf, TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

const requestOf = (key: string, lease_id: string, content = 'request', lease_seconds = 20) => ({
  key_id: digestOf(key),
  request_digest: digestOf(content),
  lease_id,
  lease_seconds,
});
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => null,
    ({ status, code, retryAfter }: { status: number; code: string; retryAfter?: number }) => [status, code, retryAfter],
  );

describe('idempotency keys', () => {
  it('are held, answered, and given again by the typed client', async () => {
    const verifier = registry.client('verifier');
    const [lease, other] = [randomUUID(), randomUUID()];
    const id = digestOf('a');
    expect(await verifier.reserveKey(requestOf('a', lease))).toEqual({ answer: null });
    expect(await refusal(verifier.reserveKey(requestOf('a', other)))).toEqual([409, 'idempotency.in-flight', 1]);
    expect(await refusal(verifier.reserveKey(requestOf('a', other, 'else')))).toEqual([
      422,
      'idempotency.mismatch',
      undefined,
    ]);
    await verifier.renewKey(id, { lease_id: lease, lease_seconds: 30 });
    expect(await refusal(verifier.renewKey(id, { lease_id: other, lease_seconds: 30 }))).toEqual([
      409,
      'idempotency.in-flight',
      1,
    ]);
    const stolen = verifier.finishKey(id, { lease_id: other, status: 200 }, Buffer.from('not mine'));
    expect(await refusal(stolen)).toEqual([409, 'idempotency.in-flight', 1]);
    await verifier.finishKey(id, { lease_id: lease, status: 201 }, Buffer.from('{"done":true}'));
    const { answer } = await verifier.reserveKey(requestOf('a', other));
    expect(answer!.status).toBe(201);
    expect((await buffer((await verifier.findBlob(answer!.blob_id))!.stream)).toString()).toBe('{"done":true}');
  });

  it('are free after a release, and after a lease that ended', async () => {
    const verifier = registry.client('verifier');
    const lease = randomUUID();
    await verifier.reserveKey(requestOf('b', lease));
    await verifier.releaseKey(digestOf('b'), lease);
    expect(await verifier.reserveKey(requestOf('b', randomUUID(), 'else', 1))).toEqual({ answer: null });
    let state;
    do state = await verifier.reserveKey(requestOf('b', lease)).catch(() => null);
    while (state === null);
    expect(state).toEqual({ answer: null });
  });

  it('take bytes as an answer, and only of a success', async () => {
    const path = `/v1/idempotency-keys/${digestOf('c')}/answer?lease_id=${randomUUID()}`;
    const json = await registry.as('verifier').put(`${path}&status=200`, { a: 1 });
    expect([json.status, json.body.code]).toEqual([415, 'request.media-type']);
    const failure = await registry.as('verifier').putBytes(`${path}&status=404`, 'x');
    expect([failure.status, failure.body.code]).toEqual([400, 'request.schema']);
  });
});
