import http from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_CODES, type ApiErrorCode, retryAfterOf, statusOf } from '@cap/core';
import request, { type Response } from 'supertest';
import type { WrittenBundle } from '@cap/proof/prove';
import { tableOfPage } from './openapi/api-page.fixture.js';
import { assertDocumented } from './openapi/documented.fixture.js';
import type { Relay } from './relay.fixture.js';
import { ALL_SCOPES, TestVerifier, tokenWith } from './verifier.fixture.js';

const V1 = await readFile(path.join(import.meta.dirname, '../../../examples/policies/lksg.v1.json'), 'utf8');
const NOBODY = `0x${'0'.repeat(64)}`;
const v2 = (max: number) => ({
  id: 'lksg.suppliers',
  version: '1.0.0',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  rules: [{ id: 'few-suppliers', op: 'range_max', lhs: 'supplier_count', rhs: max }],
});
const listOf = (id: string, name: string) => ({
  id,
  kind: 'sanctions',
  as_of: '2026-01-15',
  content: Buffer.from(`name,birthdate,nationality,id\n${name},,DE,\n`).toString('base64'),
});

let api: TestVerifier;
/** With limits that a test can reach, before a registry that a test can disturb. */
let narrow: TestVerifier;
/** Before an issuer that does not answer. */
let keyless: TestVerifier;
let relay: Relay;
let bundle: WrittenBundle;
beforeAll(async () => {
  api = await TestVerifier.start({ limits: { upload_quota_bytes: 10 } });
  bundle = await api.prover.bundle();
  relay = await api.relay();
  narrow = await api.replica({
    limits: { zip_entries: 3, uploads_at_once: 1, json_bytes: 2_000, body_grace_seconds: 300 },
    verification: { timeout_seconds: 1 },
    registry: { url: relay.url },
  });
  keyless = await api.replica({ oauth: { public_key_path: undefined, jwks_url: 'http://127.0.0.1:9/jwks' } });
});
afterAll(() => api?.stop());

const twice = async (first: () => PromiseLike<unknown>, second: () => PromiseLike<Response>) => {
  await first();
  return second();
};
const disturbed = async (fate: Relay['fate'], ask: () => PromiseLike<Response>): Promise<Response> => {
  relay.fate = fate;
  try {
    return await ask();
  } finally {
    relay.fate = () => undefined;
  }
};
/** The second of two uploads, while the first one is being received. */
async function whileUploading(ask: () => PromiseLike<Response>): Promise<Response> {
  const { hostname, port } = new URL(narrow.url);
  const upload = http.request({
    hostname,
    port,
    method: 'POST',
    path: '/proof/upload',
    headers: { authorization: `Bearer ${tokenWith(ALL_SCOPES)}`, 'content-type': 'multipart/form-data; boundary=b' },
  });
  upload.on('error', () => undefined);
  upload.write('--b\r\ncontent-disposition: form-data; name="file"; filename="b.zip"\r\n\r\nPK');
  await once(upload, 'socket');
  try {
    // It is being received once another one is refused.
    let answer;
    do answer = await ask();
    while (answer.body.code !== 'overloaded');
    return answer;
  } finally {
    upload.destroy();
  }
}

type Ask = () => PromiseLike<Response>;
/** Codes that a caller can bring about with a request alone. */
const BY_THE_CALLER: Partial<Record<ApiErrorCode, Ask>> = {
  'auth.missing': () => request(api.url).get('/policy').expect(assertDocumented),
  'auth.invalid': () => request(api.url).get('/policy').set('authorization', 'Bearer a.b.c').expect(assertDocumented),
  'auth.scope': () => api.as('policy:write').get('/policy'),
  'request.schema': () => api.as().get('/policy?colour=red'),
  'request.limit': () => api.as().post('/verify', `{"bundle_id":[${'1,'.repeat(100_000)}1]}`),
  'request.too-large': () => narrow.as().post('/lists', listOf('x', 'x'.repeat(3_000))),
  'request.media-type': () => api.as().post('/lists', 'x').set('content-type', 'text/plain'),
  'request.not-acceptable': () => api.as().get('/policy').set('accept', 'image/png'),
  'bundle.unreadable': () => api.as().zip('/verify', Buffer.from('no zip')),
  'bundle.limit': () => narrow.as().zip('/verify', bundle.bytes),
  'bundle.unknown': () => api.as().post('/verify', { bundle_id: NOBODY }),
  'policy.unknown': () => api.as().get('/policy/lksg.v9'),
  'list.empty': () =>
    api.as().post('/lists', { ...listOf('sanctions', 'x'), content: Buffer.from('name\nVor\n').toString('base64') }),
  'list.unknown': () => api.as().get(`/lists/${NOBODY}`),
  'entry.unknown': () => api.as().get('/registry/entries/ab4b65a4'),
  'policy.invalid': () => api.as().post('/policy/compile', { ...JSON.parse(V1), constraints: 7 }),
  'option.unsupported': () => api.as().zip('/verify?require_timestamp=true', bundle.bytes),
  'policy.conflict': () =>
    twice(
      () => api.as().post('/policy/v2/compile', { policy: v2(1), persist: true }),
      () => api.as().post('/policy/v2/compile', { policy: v2(2), persist: true }),
    ),
  'list.conflict': () =>
    twice(
      () => api.as().post('/lists', listOf('eu-sanctions', 'Somebody')),
      () => api.as().post('/lists', listOf('un-sanctions', 'Somebody')),
    ),
  'idempotency.mismatch': () =>
    twice(
      () => api.as().post('/policy/compile', V1).set('idempotency-key', 'a'),
      () => api.as().post('/policy/compile', `${V1} `).set('idempotency-key', 'a'),
    ),
  'idempotency.in-flight': async () => {
    const storing = relay.swallow(({ path: route }) => route === '/v1/lists');
    const first = narrow.as().post('/lists', listOf('slow', 'Slow')).set('idempotency-key', 'slow');
    first.catch(() => undefined);
    await storing;
    relay.fate = () => undefined;
    return api.as().post('/lists', listOf('slow', 'Slow')).set('idempotency-key', 'slow');
  },
  'rate.limited': () => api.as('verify:read').upload(bundle.bytes),
  overloaded: () => whileUploading(() => narrow.as().upload(bundle.bytes)),
  'route.unknown': () => api.as().get('/nowhere'),
  'method.not-allowed': () => api.as().get('/verify'),
};
/** Codes that tell of this service's own state; a caller alone can't bring them about. */
const BY_THE_STATE: Partial<Record<ApiErrorCode, Ask>> = {
  'auth.unavailable': () => keyless.as().get('/policy'),
  'registry.unavailable': () =>
    disturbed(
      () => ({ status: 500, code: 'internal' }),
      () => narrow.as().get('/policy'),
    ),
  // The registry does not come back with the bundle.
  timeout: () =>
    disturbed(
      () => 'silence',
      () => narrow.as().post('/verify', { bundle_id: NOBODY }),
    ),
  // An erased bundle comes again; that the registry refuses it then is tested there.
  'bundle.erased': () =>
    disturbed(
      () => ({
        status: 409,
        code: 'bundle.erased',
        detail: `BLOB ${NOBODY} was erased on 2026-11-26T10:00:00Z, and can't be uploaded again`,
      }),
      () => narrow.as().post('/verify', { bundle_id: NOBODY }),
    ),
  // The registry's disk is full; that it says so then is tested where it writes.
  'storage.full': () =>
    disturbed(
      () => ({ status: 507, code: 'storage.full', detail: 'registry.db: no space left' }),
      () => narrow.as().post('/lists', listOf('full', 'Full')),
    ),
  // The registry does not know what this service asks: one of the two is at fault.
  internal: () =>
    disturbed(
      () => ({ status: 404, code: 'route.unknown' }),
      () => narrow.as().get('/policy'),
    ),
};

/** What docs/api.md gives as an example of the code's detail; `…` is any number or hash there. */
function exampleOf(code: string): RegExp {
  const example = tableOfPage('code')
    .find(([name]) => name === `\`${code}\``)!
    .at(-1)!;
  const pattern = example.replaceAll(/[$()*+.?[\\\]^{|}]/gu, '\\$&').replaceAll('…', '(?:[0-9a-f]+|…)');
  return new RegExp(`^${pattern}$`, 'u');
}

describe('every code has a request that it answers', () => {
  const asks = { ...BY_THE_CALLER, ...BY_THE_STATE };
  it('and here they all are', () => {
    expect(Object.keys(asks).sort()).toEqual([...API_CODES].sort());
  });

  it.each(Object.entries(asks))('%s', async (code, ask) => {
    const { status, body, headers } = await ask();
    expect(headers['content-type']).toMatch(/^application\/problem\+json/u);
    expect(body).toMatchObject({
      type: `urn:cap:problem:${code}`,
      code,
      status,
      detail: expect.stringMatching(exampleOf(code)),
      request_id: headers['x-request-id'],
    });
    expect(status).toBe(statusOf(code as ApiErrorCode));
    if (retryAfterOf(code as ApiErrorCode) !== undefined) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    else expect(headers['retry-after']).toBeUndefined();
  });
});
