import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { MultipartFile } from '@fastify/multipart';
import type { WrittenBundle } from '@cap/proof/prove';
import type { FastifyRequest } from 'fastify';
import { ALL_SCOPES, OTHER_ISSUER, TestVerifier, tokenWith } from '../verifier.fixture.js';
import { UploadService } from './upload.service.js';

/** An upload whose part does not end. */
function sending(
  url: string,
  headers: http.OutgoingHttpHeaders,
  begun = '--b\r\ncontent-disposition: form-data; name="file"; filename="b.zip"\r\n\r\nPK',
): http.ClientRequest {
  const upload = http.request(`${url}/proof/upload`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `Bearer ${tokenWith(ALL_SCOPES)}`,
      'content-type': 'multipart/form-data; boundary=b',
      ...headers,
    },
  });
  upload.on('error', () => undefined);
  upload.write(begun);
  return upload;
}

/** Whether these bytes lie on the disk of an upload that is being received; other tests upload meanwhile. */
async function isSpooled(bytes: string): Promise<boolean> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith('cap-upload-')) continue;
    const content = await readFile(path.join(tmpdir(), name, 'bundle.zip'), 'utf8').catch(() => '');
    if (content.includes(bytes)) return true;
  }
  return false;
}

let api: TestVerifier;
let bundle: WrittenBundle;
beforeAll(async () => {
  api = await TestVerifier.start({ limits: { bundle_bytes: 300_000, upload_quota_bytes: 500_000 } });
  bundle = await api.prover.bundle();
});
afterAll(() => api?.stop());

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
    for (const type of ['application/zip', 'Multipart/Form-Data; boundary=b']) {
      const { status, body } = await api.as().post('/lists', '--b--').set('content-type', type);
      expect([status, body.code]).toEqual([415, 'request.media-type']);
    }
    expect((await api.as('policy:write').upload(bundle.bytes).expect(403)).body.code).toBe('auth.scope');
    expect(await isSpooled('PK no zip')).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['no form', 'garbage'],
    [
      'a form of another boundary',
      '--c\r\ncontent-disposition: form-data; name="file"; filename="b"\r\n\r\nPK\r\n--c--\r\n',
    ],
    ['a form that ends in its part', '--b\r\ncontent-disposition: form-data; name="file"; filename="b"\r\n\r\nPK'],
    ['a part without a name', '--b\r\ncontent-disposition: form-data; filename="b"\r\n\r\nPK\r\n--b--\r\n'],
    ...['__proto__', 'constructor', 'hasOwnProperty'].map((name) => [
      `a part named ${name}`,
      `--b\r\ncontent-disposition: form-data; name="${name}"; filename="b"\r\n\r\nPK\r\n--b--\r\n`,
    ]),
  ])('refuses %s with a sentence', async (_name, body) => {
    const { status, body: problem } = await api.as().form(body);
    expect([status, problem.code]).toEqual([400, 'request.schema']);
    expect(problem.detail).toMatch(/^body: /);
  });

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `multipart/form-data; boundary=${'b'.repeat(300)}`,
  ])('refuses a form of the type %s', async (type) => {
    const { status, body } = await api.as().form('--b--\r\n', type);
    expect([status, body.code]).toEqual([400, 'request.schema']);
  });

  it.each([
    ['that says it is too large', { 'content-length': 100_000_000 }, 0],
    ['that has become too large', {}, 300_001],
  ])('refuses a form %s before its end', async (_name, headers, bytes) => {
    const upload = sending(api.url, headers);
    upload.write(Buffer.alloc(bytes));
    const [answer] = (await once(upload, 'response')) as [http.IncomingMessage];
    expect(answer.statusCode).toBe(413);
    upload.destroy();
  });

  it('has removed what it cut off when it has ended', async () => {
    const uploads = api.service.app.get(UploadService);
    const [file, bytes] = [new PassThrough(), randomUUID()];
    const form = { bundle: { file } as unknown as MultipartFile, end: () => Promise.resolve() };
    const cut = expect(
      uploads.receive(
        () => Promise.resolve(form),
        { principal: { subject: 'somebody' } } as FastifyRequest,
        () => Promise.resolve(),
      ),
    ).rejects.toMatchObject({ code: 'ECONNRESET' });
    file.write(bytes);
    while (!(await isSpooled(bytes))) await pause(10);
    file.destroy(Object.assign(new Error('cut off'), { code: 'ECONNRESET' }));
    await uploads.onApplicationShutdown();
    expect(await isSpooled(bytes)).toBe(false);
    await cut;
  });

  /** Before its part, and within it. */
  const BEGUN = ['--b', undefined];

  it.each(BEGUN)('answers another subject at once, whatever one of them has begun (%s)', async (begun) => {
    const narrow = await api.replica({
      limits: { uploads_at_once: 2, uploads_per_subject: 1, body_grace_seconds: 300 },
    });
    const upload = sending(narrow.url, {}, begun);
    let answer;
    do answer = await narrow.as().upload(bundle.bytes);
    while (answer.status === 200);
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([429, 'rate.limited', '1']);
    await narrow.as(ALL_SCOPES, { sub: 'modest' }).upload(bundle.bytes).expect(200);
    upload.destroy();
  });

  it.each(BEGUN)('takes its place from an upload that stalls (%s)', async (begun) => {
    const narrow = await api.replica({ limits: { uploads_at_once: 1, body_grace_seconds: 0.3 } });
    const [answer] = (await once(sending(narrow.url, {}, begun), 'response')) as [http.IncomingMessage];
    expect([answer.statusCode, answer.headers.connection]).toEqual([408, 'close']);
    while ((await narrow.as().upload(bundle.bytes)).status === 503);
    expect((await narrow.as().upload(bundle.bytes)).status).toBe(200);
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
