import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { POLICY_V1, POLICY_V1_HASH, policyV2, TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

const store = (document: object, more: object = {}) =>
  registry.as('verifier').post('/v1/policies', { document, ...more });
const find = (ref: string) => registry.as('verifier').get(`/v1/policies/${encodeURIComponent(ref)}`);

describe('policies', () => {
  it('stores a v1 policy under its hash, once, and finds it by id and by the hash in both forms', async () => {
    const stored = await store(POLICY_V1);
    expect(stored.status).toBe(200);
    expect(stored.body).toMatchObject({
      created: true,
      policy: { format: 'v1', policy_hash: POLICY_V1_HASH, status: 'active', document: POLICY_V1 },
    });
    // Written in another order it is the same policy.
    const { notes, ...rest } = POLICY_V1;
    const again = await store({ notes, ...rest }, { status: 'draft' });
    expect(again.body).toEqual({ ...stored.body, created: false });
    for (const ref of [stored.body.policy.policy_id, POLICY_V1_HASH, `sha3-256:${POLICY_V1_HASH.slice(2)}`])
      expect((await find(ref)).body).toEqual(stored.body.policy);
    expect(JSON.stringify((await find(POLICY_V1_HASH)).body.document)).toBe(JSON.stringify(POLICY_V1));
  });

  it('gives the newest active version for an id', async () => {
    await store(policyV2('1.0.0'));
    await store(policyV2('2.0.0'));
    await store(policyV2('3.0.0'), { status: 'draft' });
    expect((await find('lksg.suppliers')).body.version).toBe('2.0.0');
    expect((await find('lksg.suppliers@1.0.0')).body.version).toBe('1.0.0');
    const deprecated = await registry
      .as('operator')
      .put('/v1/policies/lksg.suppliers@2.0.0/status', { status: 'deprecated' });
    expect(deprecated.body).toMatchObject({ version: '2.0.0', status: 'deprecated' });
    expect((await find('lksg.suppliers')).body.version).toBe('1.0.0');
  });

  it('refuses other content under the same id and version', async () => {
    await store(policyV2('4.0.0', 10));
    const answer = await store(policyV2('4.0.0', 11));
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe('policy.conflict');
  });

  it('refuses what is no policy, and one with lint errors', async () => {
    const rules = [...policyV2('5.0.0').rules, ...policyV2('5.0.0').rules];
    for (const document of [{}, { rules: 1 }, { ...policyV2('5.0.0'), rules }]) {
      const answer = await store(document);
      expect(answer.status).toBe(422);
      expect(answer.body.code).toBe('policy.invalid');
    }
    expect((await find('lksg.suppliers@5.0.0')).status).toBe(404);
  });

  it.each([
    ['no document', {}],
    ['a document that is no object', { document: [] }],
    ['an unknown member', { document: POLICY_V1, colour: 'red' }],
    ['an unknown status', { document: POLICY_V1, status: 'final' }],
  ])('refuses %s', async (_name, body) => {
    const answer = await registry.as('verifier').post('/v1/policies', body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('request.schema');
  });

  it('says that an unknown one is unknown', async () => {
    for (const ref of ['nobody', 'lksg.suppliers@9.9.9', `0x${'0'.repeat(64)}`, '%', "' OR 1=1 --"]) {
      const answer = await find(ref);
      expect([answer.status, answer.body.code]).toEqual([404, 'policy.unknown']);
    }
    expect((await registry.as('verifier').put('/v1/policies/nobody/status', { status: 'draft' })).body.code).toBe(
      'policy.unknown',
    );
  });

  it('takes a name of up to 300 characters, and no body of hundreds of thousands of members', async () => {
    expect((await find('x'.repeat(300))).body.code).toBe('policy.unknown');
    for (const ref of ['x'.repeat(301), '\0']) {
      const answer = await find(ref);
      expect([answer.status, answer.body.code]).toEqual([400, 'request.schema']);
    }
    const large = await registry.as('verifier').post('/v1/policies', { document: { a: Array(150_000).fill(1) } });
    expect([large.status, large.body.code]).toEqual([400, 'request.limit']);
    const many = await store({ ...policyV2('6.0.0'), rules: Array(12_000).fill(policyV2('6.0.0').rules[0]) });
    expect([many.status, many.body.code]).toEqual([422, 'policy.invalid']);
  });

  it('lists by pages and filters', async () => {
    const all = (await registry.as('operator').get('/v1/policies')).body;
    expect(all.next_cursor).toBeNull();
    expect(all.items[0]).not.toHaveProperty('document');
    const first = (await registry.as('operator').get('/v1/policies?limit=2')).body;
    const second = (await registry.as('operator').get(`/v1/policies?limit=100&cursor=${first.next_cursor}`)).body;
    expect([...first.items, ...second.items]).toEqual(all.items);
    const drafts = (await registry.as('operator').get('/v1/policies?status=draft')).body.items;
    expect(drafts.map((policy: { version: string }) => policy.version)).toEqual(['3.0.0']);
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'cursor=%21', 'status=final', 'colour=red'])
      expect((await registry.as('operator').get(`/v1/policies?${query}`)).status).toBe(400);
  });

  it('keeps everything over a restart', async () => {
    const before = (await registry.as('operator').get('/v1/policies')).body;
    registry = await registry.restart();
    expect((await registry.as('operator').get('/v1/policies')).body).toEqual(before);
  });
});
