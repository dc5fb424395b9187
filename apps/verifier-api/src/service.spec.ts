import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { ALL_SCOPES, TestVerifier, tokenWith } from './verifier.fixture.js';

const NOBODY = `0x${'0'.repeat(64)}`;

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
});
afterAll(() => api?.stop());

describe('reference lists', () => {
  it('are listed with their age and given as they were published', async () => {
    const { items } = (await api.as('verify:read').get('/lists').expect(200)).body;
    expect(items.map(({ id, as_of }: { id: string; as_of: string }) => [id, as_of]).sort()).toEqual([
      ['jurisdictions', '2026-01-15'],
      ['sanctions', '2026-01-15'],
    ]);
    const { hash } = items.find(({ id }: { id: string }) => id === 'sanctions');
    const record = (await api.as().get(`/lists/${hash}`).expect(200)).body;
    expect(record).toMatchObject({ hash, entries: 600 });
    expect(
      (
        await api
          .as()
          .get(`/lists/${hash.replace('0x', 'sha3-256:')}`)
          .expect(200)
      ).body,
    ).toEqual(record);
    const csv = await api.as().get(`/lists/${hash}`).set('accept', 'text/csv').expect(200);
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(Buffer.byteLength(csv.text)).toBe(record.size);
    expect(
      (
        await api
          .as()
          .get(`/lists/0x${'0'.repeat(64)}`)
          .expect(404)
      ).body.code,
    ).toBe('list.unknown');
  });

  it('are published with policy:write only, and every bad row is named', async () => {
    const list = {
      id: 'other',
      kind: 'sanctions',
      as_of: '2026-01-15',
      content: Buffer.from('name,nationality\nA,RU\n').toString('base64'),
    };
    expect((await api.as('verify:read').post('/lists', list).expect(403)).body.code).toBe('auth.scope');
    await api.as().post('/lists', list).expect(200);
    const bad = Buffer.from('name,birthdate\nA,yesterday\nB,1990-13-01\n').toString('base64');
    const refused = await api.as().post('/lists', { ...list, content: bad });
    expect(refused.status).toBe(400);
    expect(refused.body.code).toBe('request.schema');
    expect(refused.body.errors.map(({ line }: { line: number }) => line)).toEqual([2, 3]);
  });
});

describe('a name of dots', () => {
  it.each(['.', '..'])('%s is an id that nobody has, not the way to another route of the registry', async (dots) => {
    const name = dots.replaceAll('.', '%2e');
    const { hostname, port } = new URL(api.url);
    /** As it is: the test's own client would take the dots out. */
    const codeOf = async (method: string, path: string, body?: string) => {
      const headers = { authorization: `Bearer ${tokenWith(ALL_SCOPES)}`, 'content-type': 'application/json' };
      const call = http.request({ hostname, port, method, path, headers });
      call.end(body);
      const [answer] = (await once(call, 'response')) as [http.IncomingMessage];
      return (JSON.parse(await text(answer)) as { code: string }).code;
    };
    expect(await codeOf('GET', `/policy/${name}`)).toBe('policy.unknown');
    expect(await codeOf('GET', `/policy/v2/${name}`)).toBe('policy.unknown');
    expect(await codeOf('PUT', `/policy/${name}/status`, '{"status":"draft"}')).toBe('policy.unknown');
    const asked = { bundle_id: NOBODY, policy_id: dots };
    expect(await codeOf('POST', '/verify', JSON.stringify(asked))).toMatch(/^(bundle|policy)\.unknown$/);
    expect(await codeOf('GET', `/lists/${name}`)).toBe('list.unknown');
    expect(await codeOf('GET', `/registry/entries/${name}`)).toBe('entry.unknown');
  });
});

describe('the service', () => {
  it('is ready, has its own metrics, and refuses what it does not serve', async () => {
    await request(api.url).get('/readyz').expect(200);
    const { text } = await request(api.url).get('/metrics').expect(200);
    for (const result of ['ok', 'warn', 'fail'])
      expect(text).toContain(`cap_verifier_requests_total{result="${result}"}`);
    expect(text).toContain('cap_cache_hit_ratio{cache="result"}');
    expect((await api.as().get('/nowhere').expect(404)).body.code).toBe('route.unknown');
    expect((await api.as().get('/verify').expect(405)).body.code).toBe('method.not-allowed');
  });

  it('reads the trust store again on reload, and keeps the old one when the new one is broken', async () => {
    const { bytes } = await api.prover.bundle();
    const trusted = async () =>
      (await api.as().zip('/verify', bytes)).body.report.checks.find(
        ({ id }: { id: string }) => id === 'signer.trusted',
      ).status;
    expect(await trusted()).toBe('ok');
    const file = path.join(api.directory, 'trust.json');
    const { emptyTrustDocument, trustDocumentBytes } = await import('@cap/verify/trust');
    await writeFile(file, trustDocumentBytes(emptyTrustDocument()));
    expect(await api.service.reload(api.config)).toBe(true);
    expect(await trusted()).toBe('warn');
    await writeFile(file, '{');
    expect(await api.service.reload(api.config)).toBe(false);
    expect(await trusted()).toBe('warn');
    await writeFile(file, api.prover.trust());
    expect(await api.service.reload(api.config)).toBe(true);
    expect(await trusted()).toBe('ok');
  });

  it('takes a trust store only with the signature that it is told to ask for', async () => {
    const signer = path.join(api.directory, 'keeper.pub');
    const { publicKey } = api.prover.key;
    await writeFile(signer, publicKey.export({ type: 'spki', format: 'pem' }));
    const config = { ...api.config, verification: { ...api.config.verification, trust_signer: signer } };
    expect(await api.service.reload(config)).toBe(false);
    const { signTrust } = await import('@cap/verify/trust');
    const signature = path.join(api.directory, 'trust.json.sig');
    await writeFile(signature, signTrust(api.prover.trust(), api.prover.key));
    expect(await api.service.reload(config)).toBe(true);
    const file = path.join(api.directory, 'trust.json');
    await writeFile(
      file,
      api.prover
        .trust()
        .toString()
        .replace(/"version":\s*\d+/, '"version":99'),
    );
    expect(await api.service.reload(config)).toBe(false);
    await writeFile(file, api.prover.trust());
  });

  it('does not start without the trust store it is told to use, nor with a backend that is not there', async () => {
    const start = (verification: object) => TestVerifier.start({ verification });
    await expect(start({ trust_file: '/nowhere/trust.json' })).rejects.toMatchObject({
      kind: 'config',
      message: expect.stringContaining('/nowhere/trust.json'),
    });
    await expect(start({ backend: ['disclosure', 'halo2'] })).rejects.toMatchObject({
      kind: 'config',
      message: expect.stringContaining('halo2'),
    });
  });

  it('without its registry answers 503 and is not ready', async () => {
    const { bytes } = await api.prover.bundle('disclosure', { nonce: 'down' });
    await api.registry.stop('SIGKILL');
    const ready = await request(api.url).get('/readyz').expect(503);
    expect(ready.text).toContain('registry');
    const answer = await api.as().zip('/verify?register=true', bytes).expect(503);
    expect(answer.body.code).toBe('registry.unavailable');
    expect(answer.headers['retry-after']).toBeDefined();
  });
});
