import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestVerifier } from '../verifier.fixture.js';

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
});
afterAll(() => api?.stop());

const V1 = {
  version: 'lksg.v1',
  name: 'Test Policy',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 10 },
  notes: '',
};
const V1_HASH = '0x0afcb402e74ff6a11601863fc4ae2f2d756124db71bc703f5889ecefcd371ff4';
const v2 = (version: string, max = 10, more: object = {}) => ({
  id: 'lksg.suppliers',
  version,
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'How many suppliers there may be',
  inputs: {},
  rules: [{ id: 'few-suppliers', op: 'range_max', lhs: 'supplier_count', rhs: max }],
  ...more,
});
const compile = (body: object, scope?: string) => api.as(scope).post('/policy/v2/compile', body);

describe('a path with an empty part', () => {
  it.each(['/policy/', '/policy/v2/', '/lists/', '/registry/entries/'])(
    '%s is no route: problem+json',
    async (path) => {
      const { status, headers, body } = await api.as().get(path);
      expect([status, headers['content-type'], body.code]).toEqual([
        404,
        'application/problem+json; charset=utf-8',
        'route.unknown',
      ]);
    },
  );
});

describe('v1', () => {
  it('is compiled and stored; the same content is the same policy', async () => {
    const { body } = await api.as().post('/policy/compile', V1).expect(200);
    expect(body).toEqual({
      policy_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      policy_hash: V1_HASH,
      metadata: { version: 'lksg.v1', name: 'Test Policy', created_at: '2025-11-06T10:00:00Z' },
      status: 'compiled',
    });
    const shuffled = Object.fromEntries(Object.entries(V1).reverse());
    expect((await api.as().post('/policy/compile', shuffled)).body).toEqual(body);
    for (const id of [body.policy_id, V1_HASH])
      expect((await api.as().get(`/policy/${id}`).expect(200)).body).toMatchObject({
        policy_hash: V1_HASH,
        status: 'active',
        document: V1,
      });
    expect((await api.as().get('/policy?status=active')).body.items).toHaveLength(1);
    expect((await api.as().get('/policy?status=draft')).body.items).toEqual([]);
  });

  it.each<[string, string]>([
    ['not JSON', '{"version":'],
    ['two members of one name', JSON.stringify(V1).replace('"notes"', '"name":"Other","notes"')],
    ['an unknown member', JSON.stringify({ ...V1, note: '' })],
    ['a v2 policy', JSON.stringify(v2('1.0.0'))],
    ['a number', '7'],
  ])('refuses %s', async (_, text) => {
    const answer = await api.as().post('/policy/compile', text);
    expect([answer.status, answer.body.code]).toEqual([422, 'policy.invalid']);
  });

  it('changes status, which needs policy:write', async () => {
    await api.as().post('/policy/compile', V1);
    const put = (status: string, scope?: string) => api.as(scope).put(`/policy/${V1_HASH}/status`, { status });
    expect((await put('deprecated', 'verify:read').expect(403)).body.code).toBe('auth.scope');
    expect((await put('deprecated').expect(200)).body.status).toBe('deprecated');
    expect((await put('compiled').expect(400)).body.code).toBe('request.schema');
    expect((await put('active').expect(200)).body.status).toBe('active');
    const unknown = await api.as().put('/policy/nobody/status', { status: 'draft' }).expect(404);
    expect(unknown.body.code).toBe('policy.unknown');
    expect((await api.as('verify:read').post('/policy/compile', V1).expect(403)).body.code).toBe('auth.scope');
  });
});

describe('v2', () => {
  it('is compiled without being stored, unless that is asked for', async () => {
    const { body } = await compile({ policy: v2('0.9.0') }, 'verify:read').expect(200);
    expect(body).toMatchObject({
      policy_id: 'lksg.suppliers@0.9.0',
      policy_hash: expect.stringMatching(/^sha3-256:[0-9a-f]{64}$/),
      ir: { ir_version: '1.0', rules: [{ id: 'few-suppliers', lhs: { var: 'supplier_count' } }] },
      lints: [],
      stored: false,
      etag: `"${body.policy_hash}"`,
    });
    expect(body.ir.ir_hash).toBe(body.ir_hash);
    await api.as().get('/policy/v2/lksg.suppliers@0.9.0').expect(404);
    const yaml = `id: lksg.suppliers\nversion: 0.9.0\nlegal_basis: [{directive: LkSG, article: § 5}]\ndescription: How many suppliers there may be\ninputs: {}\nrules: [{id: few-suppliers, op: range_max, lhs: supplier_count, rhs: 10}]\n`;
    const fromYaml = await compile({ policy_yaml: Buffer.from(yaml).toString('base64') });
    expect(fromYaml.body.policy_hash).toBe(body.policy_hash);
  });

  it('is stored with policy:write; the newest active version is found by its id', async () => {
    expect((await compile({ policy: v2('1.0.0'), persist: true }, 'verify:read').expect(403)).body.code).toBe(
      'auth.scope',
    );
    for (const version of ['1.9.0', '1.10.0'])
      expect((await compile({ policy: v2(version), persist: true }).expect(200)).body.stored).toBe(true);
    const conflict = await compile({ policy: v2('1.10.0', 11), persist: true }).expect(409);
    expect(conflict.body.code).toBe('policy.conflict');
    const newest = await api.as().get('/policy/v2/lksg.suppliers').expect(200);
    expect(newest.body).toMatchObject({ policy_id: 'lksg.suppliers@1.10.0', status: 'active', policy: v2('1.10.0') });
    expect(newest.headers.etag).toBe(`"${newest.body.policy_hash}"`);
    for (const tag of [newest.headers.etag, `"x", W/${newest.headers.etag}`, '*']) {
      const same = await api.as().get('/policy/v2/lksg.suppliers').set('if-none-match', tag!).expect(304);
      expect(same.text).toBe('');
    }
    await api.as().get('/policy/v2/lksg.suppliers').set('if-none-match', '"x"').expect(200);
    await api.as().put('/policy/lksg.suppliers@1.10.0/status', { status: 'deprecated' }).expect(200);
    expect((await api.as().get('/policy/v2/lksg.suppliers')).body.policy_id).toBe('lksg.suppliers@1.9.0');
    const retired = await api.as().get('/policy/v2/lksg.suppliers@1.10.0').set('if-none-match', newest.headers.etag!);
    expect([retired.status, retired.body.status]).toEqual([200, 'deprecated']);
    await api.as().get(`/policy/v2/${V1_HASH}`).expect(404);
  });

  it('answers 422 with what was found when a lint is an error', async () => {
    const without = v2('2.0.0', 10, { legal_basis: [] });
    const strict = await compile({ policy: without, persist: true }).expect(422);
    expect(strict.body).toMatchObject({ stored: false, lints: [{ code: 'E1002', severity: 'error' }] });
    const relaxed = await compile({ policy: without, lint_mode: 'relaxed', persist: true }).expect(200);
    expect(relaxed.body).toMatchObject({ stored: true, lints: [{ code: 'E1002', severity: 'warning' }] });
  });

  it.each<[string, unknown, number, string]>([
    ['neither form', {}, 400, 'request.schema'],
    ['both forms', { policy: {}, policy_yaml: 'YQ==' }, 400, 'request.schema'],
    ['an unknown mode', { policy: {}, lint_mode: 'lax' }, 400, 'request.schema'],
    ['YAML that is not base64', { policy_yaml: 'a: 1' }, 400, 'request.schema'],
    ['no policy', { policy: {} }, 422, 'policy.invalid'],
    ['a v1 policy', { policy: V1 }, 422, 'policy.invalid'],
    ['YAML with an alias', { policy_yaml: Buffer.from('a: &x 1\nb: *x').toString('base64') }, 422, 'policy.invalid'],
    ['two members of one name', `{"policy":{"id":"a","id":"b"}}`, 400, 'request.schema'],
  ])('refuses %s', async (_, body, status, code) => {
    const answer = await compile(body as object);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});
