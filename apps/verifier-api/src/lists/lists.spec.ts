import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { TestVerifier } from '../verifier.fixture.js';

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
});
afterAll(() => api?.stop());

const REASON = { reason: 'half of the entries were missing' };
const knownOf = ({ body }: { body: { report: { checks: { id: string }[] } } }) =>
  body.report.checks.find(({ id }) => id === 'lists.known');

describe('POST /lists/:hash/withdraw', () => {
  it('needs policy:write', async () => {
    const [{ hash }] = (await api.as().get('/lists?id=sanctions')).body.items;
    const refused = await api.as('verify:read registry:write').post(`/lists/${hash}/withdraw`, REASON);
    expect([refused.status, refused.body.code]).toEqual([403, 'auth.scope']);
    expect((await api.as().get(`/lists/${hash}`)).body.withdrawn_at).toBeNull();
  });

  it('every verdict that rests on the list warns from then on, one that was judged before too', async () => {
    const { bytes } = await api.prover.bundle('disclosure');
    const verify = () => api.as().zip('/verify', bytes);
    const before = await verify();
    expect([before.body.result, knownOf(before)]).toMatchObject(['ok', { status: 'ok' }]);
    const [{ hash }] = (await api.as().get('/lists?id=sanctions')).body.items;
    const withdraw = (name: string) => api.as('policy:write').post(`/lists/${name}/withdraw`, REASON);
    const first = await withdraw(hash.replace('0x', 'sha3-256:'));
    expect([first.status, first.body.withdrawal_reason]).toEqual([200, REASON.reason]);
    expect((await withdraw(hash)).body).toEqual(first.body);

    const day = first.body.withdrawn_at.slice(0, 10);
    const after = await verify();
    expect([after.body.result, knownOf(after)]).toMatchObject([
      'warn',
      { status: 'warn', actual: expect.stringContaining(`withdrawn on ${day}`) },
    ]);
    expect((await api.as().get('/lists?id=sanctions')).body.items).toMatchObject([
      { hash, withdrawn_at: first.body.withdrawn_at, newest_as_of: null },
    ]);
    const csv = await api.as().get(`/lists/${hash}`).set('accept', 'text/csv');
    expect([csv.status, sha3Text(Buffer.from(csv.text))]).toEqual([200, hash]);
  });

  it('says that an unknown one is unknown', async () => {
    const { status, body } = await api.as().post(`/lists/0x${'0'.repeat(64)}/withdraw`, REASON);
    expect([status, body.code]).toEqual([404, 'list.unknown']);
  });
});
