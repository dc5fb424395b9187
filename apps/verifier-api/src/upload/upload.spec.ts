import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { type WrittenBundle } from '@cap/proof';
import { OTHER_ISSUER, TestVerifier } from '../verifier.fixture.js';

let api: TestVerifier;
let bundle: WrittenBundle;
beforeAll(async () => {
  api = await TestVerifier.start({ limits: { bundle_bytes: 300_000, upload_quota_bytes: 500_000 } });
  bundle = await api.prover.bundle();
});
afterAll(() => api?.stop());

const spooled = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('cap-upload-'));

describe('POST /proof/upload', () => {
  it('stores the bundle and says what is in it; the same bytes give the same answer', async () => {
    const { body } = await api.as().upload(bundle.bytes).expect(200);
    const files = [...Object.keys(bundle.meta.files), '_meta.json', 'signatures.json'];
    expect(body).toMatchObject({
      bundle_id: bundle.bundleId,
      manifest: { schema: 'cap-manifest.v2' },
      company_commitment_root: body.manifest.company_commitment_root,
      package_info: { size_bytes: bundle.bytes.length, file_count: files.length },
    });
    expect(Buffer.from(body.proof_base64, 'base64').subarray(0, 4).toString()).toBe('CAPZ');
    expect(body.package_info.files.map(({ name }: { name: string }) => name).sort()).toEqual(files.sort());
    expect((await api.as().upload(bundle.bytes)).body).toEqual(body);
  });

  it('refuses what is no bundle, and stores nothing of it', async () => {
    const wrong = Buffer.from('PK no zip');
    const { blake3Text } = await import('@cap/crypto');
    expect((await api.as().upload(wrong).expect(400)).body.code).toBe('bundle.unreadable');
    expect(
      (
        await api
          .as()
          .post('/verify', { bundle_id: blake3Text(wrong) })
          .expect(404)
      ).body.code,
    ).toBe('bundle.unknown');
    expect((await api.as().upload(bundle.bytes, 'bundle').expect(400)).body.detail).toContain('file');
    const json = await api.as().post('/proof/upload', {}).expect(415);
    expect(json.body.code).toBe('request.media-type');
    expect((await api.as('policy:write').upload(bundle.bytes).expect(403)).body.code).toBe('auth.scope');
    // Those of other tests, which run at the same time, end too.
    let waiting = await spooled();
    for (let round = 0; waiting.length > 0 && round < 100; round++) {
      await setTimeout(100);
      const now = await spooled();
      waiting = waiting.filter((name) => now.includes(name));
    }
    expect(waiting).toEqual([]);
  });

  it('refuses more bytes than a bundle may have', async () => {
    const large = await api.as().upload(Buffer.alloc(300_001, bundle.bytes)).expect(413);
    expect(large.body.code).toBe('request.too-large');
    const sent = await api.as().zip('/verify', Buffer.alloc(300_001)).expect(413);
    expect(sent.body.code).toBe('request.too-large');
  });

  it('refuses a subject that has uploaded its share, and nobody else', async () => {
    const greedy = { sub: 'greedy' };
    let status = 200;
    for (let i = 0; i < 100 && status === 200; i++)
      status = (await api.as('verify:read', greedy).upload(bundle.bytes)).status;
    expect(status).toBe(429);
    const answer = await api.as('verify:read', greedy).upload(bundle.bytes);
    expect(answer.body.code).toBe('rate.limited');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    for (const other of [{ sub: 'modest' }, { ...greedy, iss: OTHER_ISSUER }])
      await api.as('verify:read', other).upload(bundle.bytes).expect(200);
  });
});
