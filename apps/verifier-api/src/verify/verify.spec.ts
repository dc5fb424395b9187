import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jcs } from '@cap/core';
import { parseReceipt, verifyReceipt } from '@cap/tlog';
import { parseVerifierKey } from '@cap/tlog/notes';
import { sha3Text } from '@cap/crypto';
import { type Report, verifyBundle } from '@cap/verify';
import { parseTrustStore } from '@cap/verify/trust';
import { ReferenceList } from '@cap/lists/reference-lists';
import { readBundle } from '@cap/proof/bundle';
import type { WrittenBundle } from '@cap/proof/prove';
import { failing, statusOf, TestVerifier } from '../verifier.fixture.js';

let api: TestVerifier;
let bundle: WrittenBundle;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
  bundle = await api.prover.bundle();
});
afterAll(() => api?.stop());

const verify = (body: object, scope?: string) => api.as(scope).post('/verify', body);
const uploaded = async (bytes: Uint8Array) => (await api.as().upload(bytes).expect(200)).body.bundle_id as string;
const contextOf = async ({ bytes }: WrittenBundle) => {
  const { files } = await readBundle(bytes);
  return {
    manifest: files.get('manifest.json')!.toString('base64'),
    proof: files.get('proof.capz')!.toString('base64'),
    signatures: JSON.parse(files.get('signatures.json')!.toString()) as object,
  };
};

describe('POST /verify', () => {
  it('gives the same verdict on a zip, an uploaded bundle and a context', async () => {
    const sent = await api.as().zip('/verify', bundle.bytes).expect(200);
    expect(sent.body).toMatchObject({ result: 'ok', bundle_id: bundle.bundleId });
    expect(sent.headers['content-type']).toBe('application/json; charset=utf-8');
    const stored = await verify({ bundle_id: await uploaded(bundle.bytes) }).expect(200);
    expect(stored.text).toBe(sent.text);
    const context = await contextOf(bundle);
    const asContext = await verify({ context }).expect(200);
    expect(asContext.body.result).toBe('ok');
    expect(asContext.body).not.toHaveProperty('bundle_id');
    // The copies of policy and lists stay behind; all else is judged alike.
    const judged = (report: Report) => report.checks.filter(({ id }) => id !== 'files.copies');
    expect(judged(asContext.body.report)).toEqual(judged(sent.body.report));
    expect(statusOf(asContext.body.report, 'files.copies')).toBe('skipped');
    const asObject = { ...context, manifest: JSON.parse(Buffer.from(context.manifest, 'base64').toString()) };
    expect((await verify({ context: asObject })).text).toBe(asContext.text);
  });

  it('embeds the bytes of the report that the library gives for the same inputs', async () => {
    const { text } = await api.as().zip('/verify?at=2026-02-01T00:00:00Z', bundle.bytes);
    const trust = parseTrustStore(api.prover.trust());
    const policy = (await api.as().get('/policy')).body.items[0].policy_hash as string;
    const { document } = (await api.as().get(`/policy/${policy}`)).body;
    const { compilePolicy } = await import('@cap/policy');
    const { reportBytes } = await verifyBundle(
      await readBundle(bundle.bytes),
      {
        policy: { compiled: compilePolicy(document), status: 'active' },
        trust,
        referenceList: async (hash) => {
          const csv = await api.as().get(`/lists/${hash}`).set('accept', 'text/csv');
          const { id } = (await api.as().get(`/lists/${hash}`)).body as { id: string };
          return {
            id,
            list: new ReferenceList(Buffer.from(csv.text)),
            as_of: '2026-01-15',
            newest_as_of: '2026-01-15',
          };
        },
      },
      { allowMock: true, at: '2026-02-01T00:00:00Z' },
    );
    const report = JSON.parse(reportBytes.toString()) as object;
    expect(JSON.parse(text).report).toMatchObject({ ...report, checks: expect.any(Array) });
    // The lists' ids stand in the particulars of one check only.
    expect(text).toContain(reportBytes.toString().slice(0, 60));
  });

  it('answers the same question from the cache, and verifies again what has changed', async () => {
    const fresh = await api.prover.bundle('disclosure', { nonce: 'cache' });
    const hits = () => api.metric('cap_cache_requests_total{cache="result",outcome="hit"}');
    const ask = (query = '') => api.as().zip(`/verify${query}`, fresh.bytes);
    const first = await ask();
    const before = await hits();
    expect((await ask()).text).toBe(first.text);
    expect(await hits()).toBe(before + 1);
    expect((await ask('?nonce=other')).body.result).toBe('fail');
    expect(await hits()).toBe(before + 1);

    const { policy_hash } = first.body;
    await api.as().put(`/policy/${policy_hash}/status`, { status: 'deprecated' }).expect(200);
    const deprecated = (await ask()).body;
    expect([deprecated.result, statusOf(deprecated.report, 'policy.status')]).toEqual(['warn', 'warn']);
    await api.as().put(`/policy/${policy_hash}/status`, { status: 'draft' });
    expect((await ask()).body.result).toBe('fail');
    await api.as().put(`/policy/${policy_hash}/status`, { status: 'active' });
    expect((await ask()).body.result).toBe('ok');

    await api.publishList('sanctions', Buffer.from('name,birthdate,nationality,id\nNobody,,DE,\n'), '2026-03-01');
    const older = (await ask()).body;
    expect([older.result, statusOf(older.report, 'lists.age')]).toEqual(['warn', 'warn']);
  });

  it('counts verdicts and times', async () => {
    const before = await api.metric('cap_verifier_requests_total{result="fail"}');
    const tampered = Buffer.from(await api.prover.bundle('disclosure', { audience: 'x' }).then(({ bytes }) => bytes));
    expect((await api.as().zip('/verify?audience=y', tampered)).body.result).toBe('fail');
    expect(await api.metric('cap_verifier_requests_total{result="fail"}')).toBe(before + 1);
    expect(await api.metric('cap_verifier_request_duration_seconds_count')).toBeGreaterThan(0);
    expect(await api.metric('cap_proof_verification_duration_seconds_count{backend="disclosure"}')).toBeGreaterThan(0);
  });

  it('names no more backends than are accepted', async () => {
    const mock = await api.prover.bundle('mock');
    expect((await api.as().zip('/verify', mock.bytes)).body.result).toBe('warn');
    const narrowed = (await api.as().zip('/verify?backend=disclosure', mock.bytes)).body;
    expect([narrowed.result, narrowed.report.accepted.backends]).toEqual(['fail', ['disclosure']]);
    expect(failing(narrowed.report)).toContain('proof.backend');
    const unknown = await api.as().zip('/verify?backend=halo2', mock.bytes).expect(422);
    expect(unknown.body.code).toBe('option.unsupported');
  });
});

const V1_POLICY = {
  version: 'lksg.v1',
  name: 'Few suppliers',
  created_at: '2026-01-01T00:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 3 },
  notes: '',
};

describe('options and policies of a request', () => {
  it('judges by the policy that the request names', async () => {
    const { policy_id, policy_hash } = (await api.as().post('/policy/compile', V1_POLICY).expect(200)).body;
    for (const id of [policy_id, policy_hash]) {
      const { body } = await api.as().zip(`/verify?policy_id=${id}`, bundle.bytes);
      expect([body.result, body.policy_hash]).toEqual(['fail', policy_hash]);
      expect(failing(body.report)).toContain('policy.hash');
    }
    const unknown = await api.as().zip('/verify?policy_id=nobody', bundle.bytes).expect(404);
    expect(unknown.body.code).toBe('policy.unknown');
  });

  it('judges by a policy that the request brings, named by its own hash', async () => {
    const bundle_id = await uploaded(bundle.bytes);
    const policy = {
      id: 'lksg.small',
      version: '1.0.0',
      legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
      description: 'Few suppliers',
      inputs: {},
      rules: [{ id: 'few', op: 'range_max', lhs: 'supplier_count', rhs: 3 }],
    };
    const compiled = (await api.as().post('/policy/v2/compile', { policy }).expect(200)).body;
    for (const given of [policy, JSON.stringify(policy)]) {
      const { body } = await verify({ bundle_id, policy: given }).expect(200);
      expect([body.result, body.policy_hash]).toEqual(['fail', `0x${compiled.policy_hash.slice(-64)}`]);
      expect(failing(body.report)).toContain('policy.hash');
    }
  });

  it('takes no rules under the name of others: no compiled policy, none without rules', async () => {
    const bundle_id = await uploaded(bundle.bytes);
    const strict = (await api.as().get('/policy')).body.items[0].policy_hash as string;
    const ir = { ir_version: '1.0', policy_id: 'strict', policy_hash: strict, rules: [], ir_hash: '' };
    const code = async (body: object) => {
      const answer = await verify({ bundle_id, ...body });
      return [answer.status, answer.body.code];
    };
    expect(await code({ ir })).toEqual([400, 'request.schema']);
    expect(await code({ policy: ir })).toEqual([422, 'policy.invalid']);
    expect(await code({ policy: { id: 'none', version: '1.0.0', rules: [] } })).toEqual([422, 'policy.invalid']);
    expect(await code({ policy: { ...V1_POLICY }, policy_id: strict })).toEqual([400, 'request.schema']);
  });

  it('registers only what was judged today, by a policy that the registry has', async () => {
    const bundle_id = await uploaded(bundle.bytes);
    const at = '2026-02-01T00:00:00Z';
    const refused = [
      await verify({ bundle_id, policy: V1_POLICY, options: { register: true } }),
      await verify({ bundle_id, options: { register: true, at } }),
      await api.as().zip(`/verify?register=true&at=${at}`, bundle.bytes),
    ];
    for (const { status, body } of refused) expect([status, body.code]).toEqual([400, 'request.schema']);
  });

  it('registers durably, once, and only with the scope for it', async () => {
    const mine = await api.prover.bundle('disclosure', { nonce: 'register' });
    expect((await api.as('verify:read').zip('/verify?register=true', mine.bytes).expect(403)).body.code).toBe(
      'auth.scope',
    );
    const first = (await api.as().zip('/verify?register=true', mine.bytes).expect(200)).body;
    expect(first.log_index).toEqual(expect.any(Number));
    const again = (await verify({ bundle_id: mine.bundleId, options: { register: true } }).expect(200)).body;
    expect([again.entry_id, again.log_index]).toEqual([first.entry_id, first.log_index]);
    const { verifier_keys } = (await api.as().get('/registry/checkpoint').expect(200)).body;
    const trust = { logKeys: verifier_keys.map(parseVerifierKey), witnessKeys: [], witnessThreshold: 0 };
    const later = (await api.as().get(`/registry/proof/inclusion?entry_id=${first.entry_id}`).expect(200)).body;
    for (const receipt of [first.receipt, again.receipt, later])
      expect(verifyReceipt(parseReceipt(receipt), trust)).toMatchObject({
        valid: true,
        event: {
          seq: first.log_index,
          details: { bundle_id: mine.bundleId, report_hash: sha3Text(jcs(first.report)) },
        },
      });
    for (const query of ['', '?log_index=0&entry_id=x'])
      expect((await api.as().get(`/registry/proof/inclusion${query}`).expect(400)).body.code).toBe('request.schema');
    expect((await api.as().get('/registry/checkpoint?size=1').expect(400)).body.code).toBe('request.schema');
    expect((await api.as().get('/registry/proof/inclusion?entry_id=x').expect(404)).body.code).toBe('entry.unknown');
    const entry = (await api.as().get(`/registry/entries/${first.entry_id}`).expect(200)).body;
    expect(entry).toMatchObject({
      bundle_id: mine.bundleId,
      result: first.result,
      company: 'Musterwerk AG',
      signer_kid: api.prover.key.kid,
      log_index: first.log_index,
    });
    const listed = (await api.as().get(`/registry/entries?bundle_id=${mine.bundleId}`).expect(200)).body;
    expect(listed.items).toEqual([entry]);
    expect((await api.as().get('/registry/entries/nobody').expect(404)).body.code).toBe('entry.unknown');

    const known = (await api.as().zip('/verify?check_registry=true', mine.bytes)).body;
    expect(statusOf(known.report, 'registry.match')).toBe('ok');
    const stranger = await api.prover.bundle('disclosure', { nonce: 'never registered' });
    const unknown = (await api.as().zip('/verify?check_registry=true', stranger.bytes)).body;
    expect(failing(unknown.report)).toEqual(['registry.match']);
  });

  it.each(['check_timestamp', 'require_timestamp'])('%s is refused until it is built', async (option) => {
    const answer = await api.as().zip(`/verify?${option}=true`, bundle.bytes).expect(422);
    expect(answer.body.code).toBe('option.unsupported');
    await api.as().zip(`/verify?${option}=false`, bundle.bytes).expect(200);
  });
});

describe('what is wrong with a request is said, and nothing happens', () => {
  const schema = (place: string) => ({ status: 400, code: 'request.schema', detail: expect.stringContaining(place) });
  it.each<[string, unknown, object]>([
    ['nothing asked', {}, schema('bundle_id or context')],
    ['both asked', { bundle_id: `0x${'0'.repeat(64)}`, context: {} }, schema('context')],
    ['a bundle id of another shape', { bundle_id: 'abc' }, schema('body.bundle_id')],
    ['an unknown member', { bundle_id: `0x${'0'.repeat(64)}`, polcy_id: 'x' }, schema('polcy_id')],
    ['an unknown option', { bundle_id: `0x${'0'.repeat(64)}`, options: { registr: true } }, schema('registr')],
    [
      'a time of another shape',
      { bundle_id: `0x${'0'.repeat(64)}`, options: { at: 'today' } },
      schema('body.options.at'),
    ],
    ['a list', [], schema('body')],
    ['text', '"bundle"', schema('body')],
    ['no JSON', '{"bundle_id":', schema('body')],
    ['nothing', '', schema('body')],
    ['__proto__', '{"__proto__": {"a": 1}}', schema('__proto__')],
    [
      'a bundle that nobody has',
      { bundle_id: `0x${'0'.repeat(64)}` },
      { status: 404, code: 'bundle.unknown', detail: expect.stringContaining('0x0000') },
    ],
  ])('%s', async (_, body, problem) => {
    const answer = await api.as().post('/verify', body as object);
    expect(answer.body).toMatchObject(problem);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('a context that is not one', async () => {
    const context = await contextOf(bundle);
    for (const wrong of [
      { ...context, manifest: 'no base64!' },
      { ...context, proof: 7 },
      { ...context, signatures: {} },
      { ...context, more: 1 },
    ])
      expect((await verify({ context: wrong }).expect(400)).body.code).toBe('request.schema');
    const registered = await verify({ context, options: { register: true } }).expect(400);
    expect(registered.body.code).toBe('request.schema');
  });

  it('a body that is no bundle, an option that is none', async () => {
    expect((await api.as().zip('/verify', Buffer.from('no zip')).expect(400)).body.code).toBe('bundle.unreadable');
    expect((await api.as().zip('/verify?registr=true', bundle.bytes).expect(400)).body.detail).toContain('registr');
    expect((await api.as().zip('/verify?register=yes', bundle.bytes).expect(400)).body.detail).toContain('register');
    const form = await api
      .as()
      .post('/verify', 'a=1')
      .set('content-type', 'application/x-www-form-urlencoded')
      .expect(415);
    expect(form.body.code).toBe('request.media-type');
  });

  it('no token, a bad one, too small a scope', async () => {
    const { default: request } = await import('supertest');
    expect((await request(api.url).post('/verify').expect(401)).body.code).toBe('auth.missing');
    const bad = await request(api.url).post('/verify').set('authorization', 'Bearer x.y.z').expect(401);
    expect(bad.body.code).toBe('auth.invalid');
    expect((await api.as('policy:write').zip('/verify', bundle.bytes).expect(403)).body.code).toBe('auth.scope');
  });
});
