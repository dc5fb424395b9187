import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import request from 'supertest';
import { Readiness } from '@cap/service-kit';
import { TestVerifier } from '../verifier.fixture.js';
import { assertDocumented, promised, seen } from './documented.fixture.js';

const V1 = await readFile(path.join(import.meta.dirname, '../../../../examples/policies/lksg.v1.json'), 'utf8');
const POLICY = {
  id: 'lksg.suppliers',
  version: '1.0.0',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  rules: [{ id: 'few-suppliers', op: 'range_max', lhs: 'supplier_count', rhs: 10 }],
};

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
});
afterAll(() => api?.stop());

/** The answer, and once more to a caller who has it already: 304, without a body. */
async function twice(route: string, accept = 'application/json') {
  const first = await api.as('verify:read').get(route).set({ accept }).expect(200);
  const tag = first.headers['etag']!;
  expect(tag).toMatch(/^"[!-~]+"$/u);
  expect(first.headers['cache-control']).toBe('private, no-cache');
  for (const known of [tag, `"other", W/${tag}`, '*']) {
    const again = await api.as('verify:read').get(route).set({ accept, 'if-none-match': known }).expect(304);
    expect([again.text, again.headers['etag']]).toEqual(['', tag]);
  }
  await api.as('verify:read').get(route).set({ accept, 'if-none-match': '"other"' }).expect(200);
  return { tag, body: first.body, headers: first.headers };
}

it('every answer that the document promises comes, and as it says', async () => {
  const auditor = api.as();
  const { bytes, bundleId } = await api.prover.bundle();
  await auditor.upload(bytes).expect(200);
  const verdict = await auditor.post('/verify', { bundle_id: bundleId, options: { register: true } }).expect(200);
  await auditor.zip('/verify?nonce=other&check_registry=true', bytes).expect(200);

  const { policy_hash } = (await auditor.post('/policy/compile', V1).expect(200)).body;
  await auditor.post('/policy/v2/compile', { policy: POLICY, persist: true }).expect(200);
  await auditor.post('/policy/v2/compile', { policy: { ...POLICY, legal_basis: [] } }).expect(422);
  await auditor.get('/policy?limit=1').expect(200);
  expect((await twice(`/policy/${policy_hash}`)).tag).toBe(`"${policy_hash}"`);
  const v2 = await twice('/policy/v2/lksg.suppliers');
  expect(v2.tag).toBe(`"${v2.body.policy_hash}"`);
  await auditor.put(`/policy/${policy_hash}/status`, { status: 'deprecated' }).expect(200);

  const { items } = (await auditor.get('/lists').expect(200)).body;
  const { hash } = items.find(({ id }: { id: string }) => id === 'sanctions');
  const record = await twice(`/lists/${hash}`);
  const csv = await twice(`/lists/${hash}`, 'text/csv');
  await auditor.post(`/lists/${hash}/withdraw`, { reason: 'one name was wrong' }).expect(200);
  expect([csv.tag, csv.headers['vary']]).toEqual([`"${hash}"`, 'accept']);
  expect(record.tag).not.toBe(csv.tag);
  await auditor.get('/registry/entries?result=ok').expect(200);
  await twice(`/registry/entries/${verdict.body.entry_id}`);
  await twice('/registry/checkpoint');
  await auditor.get(`/registry/proof/inclusion?entry_id=${verdict.body.entry_id}`).expect(200);
  await auditor.get('/registry/proof/consistency?from=1').expect(200);

  for (const route of ['/openapi.json', '/docs', '/healthz', '/readyz', '/readyz/serving', '/metrics'])
    await request(api.url).get(route).expect(200).expect(assertDocumented);
  await api.registry.stop();
  await request(api.url).get('/readyz').expect(503).expect(assertDocumented);
  await request(api.url).get('/readyz/serving').expect(200).expect(assertDocumented); // it was reached once
  api.service.app.get(Readiness).stop();
  await request(api.url).get('/readyz/serving').expect(503).expect(assertDocumented);
  expect([...seen].filter((each) => !each.endsWith('problem+json')).sort()).toEqual(promised.toSorted());
});

it('a tag changes with what it tags', async () => {
  const fresh = await TestVerifier.start();
  try {
    await fresh.publish();
    const get = (route: string, tag?: string) =>
      fresh
        .as()
        .get(route)
        .set(tag === undefined ? {} : { 'if-none-match': tag });
    const { items } = (await get('/lists')).body;
    const { hash } = items.find(({ id }: { id: string }) => id === 'sanctions');
    const list = (await get(`/lists/${hash}`)).headers['etag']!;
    await fresh.publishList('sanctions', Buffer.from('name,birthdate,nationality,id\nNobody,,DE,\n'), '2026-03-01');
    const newer = await get(`/lists/${hash}`, list);
    expect([newer.status, newer.body.newest_as_of]).toEqual([200, '2026-03-01']);

    const { policy_id } = (await get('/policy')).body.items[0];
    const policy = (await get(`/policy/${policy_id}`)).headers['etag']!;
    await fresh.as().put(`/policy/${policy_id}/status`, { status: 'draft' }).expect(200);
    const retired = await get(`/policy/${policy_id}`, policy);
    expect([retired.status, retired.body.status, retired.headers['etag']]).toEqual([200, 'draft', undefined]);
  } finally {
    await fresh.stop();
  }
});
