import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import './one-realm.fixture.js';
import type { S3Location } from '@cap/config';
import { S3Double } from './s3-double.fixture.js';
import { bytesAsContent, S3Objects } from './s3-objects.js';

/** The SDK with its own defaults, and what changes a request once it is signed. */
function clientOf(place: S3Location, tamper?: (request: Request) => void, more: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    region: place.region,
    endpoint: place.endpoint!,
    forcePathStyle: true,
    credentials: { accessKeyId: place.access_key_id!, secretAccessKey: place.secret_access_key! },
    maxAttempts: 1,
    ...more,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      tamper?.(args.request as Request);
      return next(args);
    },
    { step: 'deserialize' },
  );
  return client;
}
interface Request {
  headers: Record<string, string>;
  query: Record<string, string>;
  path: string;
  body: unknown;
}

let double: S3Double;
let client: S3Client | undefined;
let now: () => Date;
beforeEach(async () => {
  now = () => new Date();
  double = await S3Double.start({ now: () => now() });
});
afterEach(async () => {
  client?.destroy();
  await double.stop();
});

const put = (Body: string | Readable, tamper?: (request: Request) => void, more: object = {}) => {
  client = clientOf(double.place, tamper);
  return client.send(new PutObjectCommand({ Bucket: double.place.bucket, Key: 'a/b c', Body, ...more }));
};

describe('the double of an object store', () => {
  it('takes what the SDK sends by itself: checksums in headers, and in trailers of a stream', async () => {
    await put('text');
    expect(double.objects.get('a/b c')!.body.toString()).toBe('text');
    let trailer: string | undefined;
    const body = Readable.from([Buffer.alloc(100_000, 'x'), Buffer.from('end')]);
    await put(body, ({ headers }) => (trailer = headers['x-amz-trailer']), { ContentLength: 100_003 });
    expect(trailer).toBe('x-amz-checksum-crc32');
    expect(double.objects.get('a/b c')!.body.toString()).toBe(`${'x'.repeat(100_000)}end`);
    const { Body } = await client!.send(new GetObjectCommand({ Bucket: double.place.bucket, Key: 'a/b c' }));
    expect((await text(Body as Readable)).length).toBe(100_003);
  });

  it.each<[string, number, string, (request: Request) => void]>([
    ['a body that was changed', 400, 'XAmzContentSHA256Mismatch', (request) => (request.body = 'tixt')],
    ['another key', 403, 'SignatureDoesNotMatch', (request) => (request.path += 'x')],
    ['another query', 403, 'SignatureDoesNotMatch', (request) => (request.query['x-id'] = 'CopyObject')],
    ['a changed header', 403, 'SignatureDoesNotMatch', ({ headers }) => (headers['x-amz-checksum-crc32'] = 'AAAAAA==')],
    ['a header that was not signed', 403, 'AccessDenied', ({ headers }) => (headers['x-amz-copy-source'] = 'a/b')],
    ['no signature', 403, 'AccessDenied', ({ headers }) => delete headers['authorization']],
    ['a condition it does not know', 501, 'NotImplemented', ({ headers }) => (headers['if-match'] = '"x"')],
    ['a request it does not know', 403, 'SignatureDoesNotMatch', (request) => (request.query['acl'] = '')],
  ])('refuses %s', async (_name, status, name, tamper) => {
    await expect(put('text', tamper)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(double.objects.size).toBe(0);
  });

  it('refuses a checksum that is not that of the body', async () => {
    const more = { ChecksumSHA256: Buffer.alloc(32).toString('base64') };
    await expect(put('text', undefined, more)).rejects.toMatchObject({ name: 'BadDigest' });
    const objects = await S3Objects.open(double.place);
    const content = { ...bytesAsContent(Buffer.from('text')), sha256: Buffer.alloc(32) };
    await expect(objects.put('x', content)).rejects.toMatchObject({ code: 'storage.failed' });
    objects.close();
    expect(double.objects.size).toBe(0);
  });

  it('refuses a clock that is 15 minutes off', async () => {
    now = () => new Date(Date.now() + 16 * 60_000);
    await expect(put('text')).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
    now = () => new Date(Date.now() - 14 * 60_000);
    await put('text');
  });

  it('runs as a process of its own, and takes faults from its input', async () => {
    const here = import.meta.dirname;
    const child = spawn(
      process.execPath,
      ['--import', path.join(here, '../sources.fixture.mjs'), path.join(here, 's3-double.fixture.ts'), '0'],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const objects = await S3Objects.open(JSON.parse(line) as S3Location);
      await objects.put('x', bytesAsContent(Buffer.from('there')));
      expect(await text((await objects.get('x'))!)).toBe('there');
      child.stdin.write(`${JSON.stringify({ fault: 'slow-down', times: 1000 })}\n`);
      const deadline = Date.now() + 10_000;
      let code: unknown;
      while (code === undefined && Date.now() < deadline)
        code = await objects.size('x').then(
          () => undefined,
          (error: { code: string }) => error.code,
        );
      expect(code).toBe('storage.unreachable');
      objects.close();
    } finally {
      child.kill();
    }
  });
});
