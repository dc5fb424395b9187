import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chainFault } from '@cap/tlog';
import { digestOf, entryOf, TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

const upload = async (text: string): Promise<string> => (await registry.as('verifier').putBlob(text)).body.blob_id;
const register = (entry: object) => registry.as('verifier').post('/v1/entries', entry);

describe('entries', () => {
  it('are registered once, with their place in the log', async () => {
    const bundle = await upload('bundle');
    const first = await register(entryOf(bundle));
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ created: true, entry: { ...entryOf(bundle), log_index: 0 } });
    expect((await register(entryOf(bundle))).body).toEqual({ ...first.body, created: false });
    expect((await registry.as('operator').get(`/v1/entries/${first.body.entry.entry_id}`)).body).toEqual(
      first.body.entry,
    );

    const changed = await register(entryOf(bundle, { result: 'fail', report_hash: digestOf('other') }));
    expect(changed.body).toMatchObject({ created: true, entry: { log_index: 1, result: 'fail' } });
    const [a, b] = (await registry.as('verifier').get('/v1/events')).body.items;
    expect(chainFault(null, a)).toBeNull();
    expect(chainFault(a, b)).toBeNull();
    expect(a).toMatchObject({
      event: 'entry.registered',
      details: { entry_id: first.body.entry.entry_id, bundle_id: bundle },
    });
    expect(JSON.stringify([a, b])).not.toContain('ACME');
  });

  it('may lack what could not be read of a failed bundle', async () => {
    const bundle = await upload('broken');
    const bare = {
      manifest_hash: null,
      proof_hash: null,
      policy_hash: null,
      signer_kid: null,
      company: undefined,
      result: 'fail',
    };
    expect((await register(entryOf(bundle, bare))).body.entry).toMatchObject({ policy_hash: null, company: null });
  });

  it('need their bundle', async () => {
    const answer = await register(entryOf(digestOf('nowhere')));
    expect([answer.status, answer.body.code]).toEqual([404, 'bundle.unknown']);
  });

  it.each([
    ['a verdict that is none', { result: 'maybe' }],
    ['an upper-case hash', { manifest_hash: digestOf('x').toUpperCase() }],
    ['a kid of another length', { signer_kid: 'ab' }],
    ['a member of its own', { log_index: 3 }],
    ['no report', { report_hash: undefined }],
    ['a long company', { company: 'x'.repeat(501) }],
  ])('refuses %s', async (_name, wrong) => {
    const answer = await register(entryOf(digestOf('x'), wrong));
    expect([answer.status, answer.body.code]).toEqual([400, 'request.schema']);
  });

  it('are listed by pages and filters, and by bundle', async () => {
    for (let i = 0; i < 5; i++)
      await register(
        entryOf(await upload(`listed ${i}`), { company: `Company ${i % 2}`, policy_hash: digestOf(`policy ${i}`) }),
      );
    const list = async (query: string) => (await registry.as('operator').get(`/v1/entries?${query}`)).body;
    const all = (await list('')).items;
    expect(all).toHaveLength(8);
    const first = await list('limit=5');
    expect([...first.items, ...(await list(`limit=5&cursor=${first.next_cursor}`)).items]).toEqual(all);
    expect((await list('company=Company%201')).items).toHaveLength(2);
    expect((await list('result=fail')).items).toHaveLength(2);
    expect((await list(`policy_hash=${digestOf('policy 3')}`)).items).toEqual([all[6]]);
    expect((await list(`bundle_id=${all[0].bundle_id}&limit=1`)).items).toEqual([all[0]]);
    expect((await list(`bundle_prefix=${all[4].bundle_id.slice(0, 14)}`)).items).toEqual([all[4]]);
    expect((await list(`from=${all[7].registered_at}`)).items).toContainEqual(all[7]);
    expect((await list(`to=${all[0].registered_at}`)).items).toEqual([]);
    for (const query of ['company=a&company=b', 'from=yesterday', 'bundle_prefix=xyz', 'signer_kid=1', 'colour=red'])
      expect((await registry.as('operator').get(`/v1/entries?${query}`)).body.code).toBe('request.schema');
  });

  it('says that an unknown one is unknown', async () => {
    expect((await registry.as('verifier').get('/v1/entries/nobody')).body).toMatchObject({
      status: 404,
      code: 'entry.unknown',
    });
  });
});
