import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { once } from 'node:events';
import { blake3Text } from '@cap/crypto';
import { digestOf, TestRegistry, TOKENS } from '../registry.fixture.js';

const MAX = 50_000;
let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start({
    limits: { bundle_bytes: MAX, uploads_at_once: 3, uploads_per_subject: 2, body_grace_seconds: 300 },
  });
});
afterAll(() => registry.stop());

const get = (id: string, range?: string) => {
  const call = registry
    .as('verifier')
    .get(`/v1/blobs/${id}`)
    .buffer(true)
    .parse((answer, done) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => done(null, Buffer.concat(chunks)));
    });
  return range === undefined ? call : call.set('range', range);
};
/** A PUT whose body is sent by hand. */
function openPut(headers: http.OutgoingHttpHeaders = {}, url = registry.url) {
  const { hostname, port } = new URL(url);
  const call = http.request({
    hostname,
    port,
    method: 'PUT',
    path: '/v1/blobs',
    headers: { authorization: `Bearer ${TOKENS.verifier}`, 'content-type': 'application/octet-stream', ...headers },
  });
  const answer = once(call, 'response').then(async ([response]: http.IncomingMessage[]) => {
    let text = '';
    for await (const piece of response!) text += piece;
    return { status: response!.statusCode, body: JSON.parse(text) };
  });
  return { call, answer };
}

describe('BLOBs', () => {
  it('are stored under the BLAKE3 of their bytes; the same bytes give the same answer', async () => {
    const bytes = Buffer.alloc(40_000, 'bundle');
    const stored = await registry.as('verifier').putBlob(bytes);
    expect(stored.status).toBe(200);
    expect(stored.body).toEqual({ blob_id: blake3Text(bytes), size: bytes.length });
    expect((await registry.as('verifier').putBlob(bytes)).body).toEqual(stored.body);
    const read = await get(stored.body.blob_id);
    expect(read.headers['content-length']).toBe(String(bytes.length));
    expect(read.body).toEqual(bytes);
    const head = await registry.as('backup').head(`/v1/blobs/${stored.body.blob_id}`);
    expect([head.status, head.headers['content-length'], head.headers['accept-ranges']]).toEqual([
      200,
      '40000',
      'bytes',
    ]);
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=-20', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=8-100', 206, '89', 'bytes 8-9/10'],
    ['bytes=5-2', 200, '0123456789', undefined],
    ['bytes=0-1,3-4', 200, '0123456789', undefined],
    ['rows=1-2', 200, '0123456789', undefined],
  ])('reads the part %s', async (range, status, text, contentRange) => {
    const { blob_id } = (await registry.as('verifier').putBlob('0123456789')).body;
    const answer = await get(blob_id, range);
    expect([answer.status, String(answer.body), answer.headers['content-range']]).toEqual([status, text, contentRange]);
  });

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])('a part outside (%s) is refused', async (range) => {
    const { blob_id } = (await registry.as('verifier').putBlob('0123456789')).body;
    const answer = await registry.as('verifier').get(`/v1/blobs/${blob_id}`).set('range', range);
    expect([answer.status, answer.body.code, answer.headers['content-range']]).toEqual([
      416,
      'request.range',
      'bytes */10',
    ]);
  });

  it('measures what comes, not what is announced', async () => {
    const announced = await registry.as('verifier').putBlob(Buffer.alloc(MAX + 1));
    expect([announced.status, announced.body.code]).toEqual([413, 'request.too-large']);
    const { call, answer } = openPut(); // chunked: no length is said
    for (let i = 0; i < 6; i++) call.write(Buffer.alloc(10_000));
    expect(await answer).toMatchObject({ status: 413, body: { code: 'request.too-large' } });
    call.destroy();
    expect((await registry.as('verifier').putBlob(Buffer.alloc(MAX))).status).toBe(200);
  });

  it('receives only so many at once, and again when one is done or gone', async () => {
    const first = openPut();
    const second = openPut();
    first.call.write('a');
    second.call.write('b');
    // Both are being received once a third is refused.
    let third;
    do third = await registry.as('verifier').putBlob('c');
    while (third.status === 200);
    expect([third.status, third.body.code, third.headers['retry-after']]).toEqual([503, 'overloaded', '1']);
    expect((await registry.as('operator').putBlob('of another client')).status).toBe(200);
    second.answer.catch(() => undefined);
    second.call.destroy();
    first.call.end();
    expect(await first.answer).toMatchObject({ status: 200, body: { blob_id: blake3Text('a') } });
    do third = await registry.as('verifier').putBlob('c');
    while (third.status === 503);
    expect(third.status).toBe(200);
  });

  it('takes its place from one that stalls', async () => {
    const narrow = await TestRegistry.start({ limits: { uploads_at_once: 1, body_grace_seconds: 0.3 } });
    const stalled = openPut({}, narrow.url);
    stalled.call.write('a');
    expect(await stalled.answer).toMatchObject({ status: 408, body: { code: 'timeout' } });
    while ((await narrow.as('verifier').putBlob('b')).status === 503);
    expect((await narrow.as('verifier').putBlob('b')).status).toBe(200);
    await narrow.stop();
  });

  it('takes bytes only', async () => {
    const json = await registry.as('verifier').put('/v1/blobs', { a: 1 });
    expect([json.status, json.body.code]).toEqual([415, 'request.media-type']);
    expect((await registry.as('verifier').putBlob('x', '?retain=forever')).body.code).toBe('request.schema');
  });

  it('never gives out changed bytes', async () => {
    const { blob_id } = (await registry.as('verifier').putBlob('as it was stored')).body;
    await registry.overwrite(blob_id, 'as it was STORED');
    const answer = await registry.as('verifier').get(`/v1/blobs/${blob_id}`);
    expect([answer.status, answer.body.code]).toEqual([500, 'blob.corrupt']);
    expect(answer.text).not.toContain('STORED');
  });

  it('says that an unknown one is unknown, and what is no id', async () => {
    expect((await registry.as('verifier').get(`/v1/blobs/${digestOf('x')}`)).body).toMatchObject({
      status: 404,
      code: 'bundle.unknown',
    });
    expect((await registry.as('verifier').head(`/v1/blobs/${digestOf('x')}`)).status).toBe(404);
    for (const id of ['x', '..%2F..%2Fregistry.db', digestOf('x').toUpperCase()])
      expect((await registry.as('verifier').get(`/v1/blobs/${id}`)).body.code).toBe('request.schema');
  });

  it('are listed for the operator', async () => {
    const all = (await registry.as('operator').get('/v1/blobs?limit=1000')).body.items;
    expect(all).toContainEqual({ blob_id: blake3Text('0123456789'), size: 10 });
    const page = (await registry.as('operator').get('/v1/blobs?limit=1')).body;
    expect(page.items).toEqual(all.slice(0, 1));
    expect((await registry.as('operator').get(`/v1/blobs?limit=1&cursor=${page.next_cursor}`)).body.items).toEqual(
      all.slice(1, 2),
    );
  });
});
