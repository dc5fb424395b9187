import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readBundle } from '@cap/proof/bundle';
import type { Response } from 'supertest';
import { TestVerifier } from './verifier.fixture.js';

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
});
afterAll(() => api?.stop());

const codeOf = ({ status, body }: Response) => [status, body.code];
const policyV2 = (rules: object[], more: object = {}) => ({
  id: 'hostile',
  version: '1',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'Hostile',
  rules,
  ...more,
});
const rule = (i: number, op = 'range_max') => ({ id: `r${i}`, op, lhs: 'supplier_count', rhs: 3 });
const many = (count: number) => `[${Array(count).fill('1').join()}]`;
const ID = `0x${'0'.repeat(64)}`;

describe('half a character is no text', () => {
  it.each([
    ['policy_id', `{"bundle_id":"${ID}","policy_id":"\\ud800"}`],
    ['an option', `{"bundle_id":"${ID}","options":{"nonce":"\\udfff"}}`],
    ['the name of a member', `{"bundle_id":"${ID}","\\ud800":1}`],
    ['a part of a context', '{"context":{"manifest":{"a":"\\ud800"},"proof":"","signatures":{}}}'],
    ['nor is U+0000', `{"bundle_id":"${ID}","policy_id":"\\u0000"}`],
  ])('in a body: %s', async (_name, body) => {
    expect(codeOf(await api.as().post('/verify', body))).toEqual([400, 'request.schema']);
  });

  it.each([
    '/policy?id=%ED%A0%80',
    '/policy?id=%FF',
    '/policy?id=%',
    '/policy?id=%00',
    '/policy/%ED%A0%80',
    '/policy/%00',
    '/registry/entries?company=%00',
    '/registry/entries/%FF',
    '/lists/%ED%A0%80',
  ])('in a URL: %s', async (url) => {
    expect(codeOf(await api.as().get(url))).toEqual([400, 'request.schema']);
  });

  it('and whole ones are taken', async () => {
    expect(codeOf(await api.as().get('/policy/%F0%9F%98%80'))).toEqual([404, 'policy.unknown']);
    expect((await api.as().get('/policy?id=a%2Bb+%C3%BC')).status).toBe(200);
  });
});

it('base64 may be as long as a body', async () => {
  const { files } = await readBundle((await api.prover.bundle()).bytes);
  const context = {
    manifest: files.get('manifest.json')!.toString('base64'),
    proof: 'A'.repeat(6_000_000),
    signatures: JSON.parse(files.get('signatures.json')!.toString()) as object,
  };
  const { status, body } = await api.as().post('/verify', { context });
  expect([status, body.result]).toEqual([200, 'fail']);
  const wrong = await api.as().post('/verify', { context: { ...context, proof: `${'A'.repeat(6_000_000)}*` } });
  expect(codeOf(wrong)).toEqual([400, 'request.schema']);
});

describe('a part of a path', () => {
  it('has 300 characters at most, and what is stored has a name that fits', async () => {
    const id = 'x'.repeat(298);
    const compile = (policy: object) => api.as().post('/policy/v2/compile', { policy, persist: true });
    const { policy_id } = (await compile(policyV2([rule(1)], { id })).expect(200)).body;
    expect(policy_id).toHaveLength(300);
    for (const ref of [policy_id, id]) {
      expect((await api.as().get(`/policy/v2/${ref}`).expect(200)).body.policy_id).toBe(policy_id);
      await api.as().put(`/policy/${ref}/status`, { status: 'active' }).expect(200);
    }
    expect((await api.as().get(`/policy?id=${id}`).expect(200)).body.items).toHaveLength(1);
    expect(codeOf(await compile(policyV2([rule(1)], { id: `${id}x` })))).toEqual([422, 'policy.invalid']);
    for (const route of ['/policy', '/policy/v2', '/lists', '/registry/entries']) {
      expect((await api.as().get(`${route}/${'x'.repeat(300)}`)).status).toBe(404);
      expect(codeOf(await api.as().get(`${route}/${'x'.repeat(301)}`))).toEqual([400, 'request.schema']);
    }
  });
});

describe('what is too much is refused before it is looked at, and the answer stays small', () => {
  it.each([
    ['/verify', `{"bundle_id":${many(150_000)}}`],
    ['/verify', `{"context":{"manifest":{"a":${many(150_000)}},"proof":"","signatures":{}}}`],
    ['/policy/v2/compile', `{"policy":{"rules":${many(150_000)}}}`],
    ['/policy/compile', `{"constraints":${many(150_000)}}`],
    ['/lists', `{"id":${many(150_000)}}`],
  ])('members of a body of POST %s', async (route, body) => {
    const answer = await api.as().post(route, body);
    expect(codeOf(answer)).toEqual([400, 'request.limit']);
    expect(answer.body.detail).toMatch(/more than \d+ members/);
    expect(answer.text.length).toBeLessThan(500);
  });

  it('members that nobody knows', async () => {
    const names = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, 1]));
    for (const [route, body] of [
      ['/verify', { bundle_id: ID, ...names }],
      ['/verify', { bundle_id: ID, ['x'.repeat(1_000_000)]: 1 }],
      [
        '/policy/v2/compile',
        { policy: policyV2([rule(1)], Object.fromEntries(Object.entries(names).slice(0, 40_000))) },
      ],
    ] as const)
      expect((await api.as().post(route, body)).text.length).toBeLessThan(5_000);
  });

  it('a policy, in every form of it', async () => {
    const rules = Array.from({ length: 12_000 }, (_, i) => rule(i));
    const long = policyV2([rule(1)], { description: 'x'.repeat(1_000_000) });
    for (const policy of [policyV2(rules), long]) {
      const text = JSON.stringify(policy);
      for (const body of [{ policy }, { policy_yaml: Buffer.from(text).toString('base64') }])
        expect(codeOf(await api.as('verify:read').post('/policy/v2/compile', body))).toEqual([422, 'policy.invalid']);
      for (const given of [policy, text])
        expect(codeOf(await api.as('verify:read').post('/verify', { bundle_id: ID, policy: given }))).toEqual([
          422,
          'policy.invalid',
        ]);
    }
  });

  it('lints, of which the first hundred are listed', async () => {
    const policy = policyV2(Array.from({ length: 5_000 }, (_, i) => rule(i, 'guess')));
    const { status, body } = await api.as('verify:read').post('/policy/v2/compile', { policy });
    expect([status, body.lints.length]).toEqual([422, 101]);
    expect(body.lints.at(-1).message).toBe('and 4900 more');
  });
});
