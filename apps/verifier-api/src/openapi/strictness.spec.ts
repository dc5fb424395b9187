import { readFile } from 'node:fs/promises';
import nodePath from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { TestVerifier, tokenWith } from '../verifier.fixture.js';
import { document } from './document.fixture.js';

/** The whole body is a policy at one route. */
const V1 = JSON.parse(
  await readFile(nodePath.join(import.meta.dirname, '../../../../examples/policies/lksg.v1.json'), 'utf8'),
) as object;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method as 'get' | 'post' | 'put',
    path,
    operation,
    produced: Object.entries(operation.responses)
      .filter(([status]) => status.startsWith('2'))
      .flatMap(([, { content = {} }]) => Object.keys(content)),
    taken: Object.keys(operation.requestBody?.content ?? {}),
  })),
);

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
});
afterAll(() => api?.stop());

/** Ids that are nobody's, and no body: what is asked may fail, but not before its members are looked at. */
const ask = (method: 'get' | 'post' | 'put', path: string, query = '', headers: Record<string, string> = {}) => {
  const agent = request(api.url);
  return agent[method](path.replaceAll(/\{\w+\}/gu, 'nobody') + query).set({
    authorization: `Bearer ${tokenWith('verify:read registry:write policy:write')}`,
    ...headers,
  });
};
const refusedFor = (name: string) => ({
  status: 400,
  body: { code: 'request.schema', detail: expect.stringContaining(name), errors: expect.anything() },
});

describe.each(operations)('$method $path', ({ method, path, operation, produced, taken }) => {
  it.each(['?colour=red', '?colour', '?colour=red&colour=blue', '?__proto__=1', '?Limit=1', '?limit%20=1'])(
    'takes no unknown member of the query: %s',
    async (query) => {
      const name = decodeURIComponent(query.slice(1).split(/[=&]/u, 1)[0]!);
      expect(await ask(method, path, query)).toMatchObject(refusedFor(name));
    },
  );

  const known = operation.parameters.filter((parameter) => parameter.in === 'query');
  const sent: Record<string, string> = taken.includes('application/zip') ? { 'content-type': 'application/zip' } : {};
  if (known.length > 0)
    it.each(known.map(({ name }) => name))('takes %s once', async (name) => {
      for (const twice of [`?${name}=1&${name}=1`, `?${name}=1&${name}=2`, `?${name}&${name}`])
        expect(await ask(method, path, twice, sent)).toMatchObject(refusedFor(name));
    });

  if (taken.includes('application/json'))
    it('takes no unknown member of a body', async () => {
      const isPolicy = path === '/policy/compile';
      const { status, body } = await ask(method, path).send({ ...(isPolicy && V1), colour: 'red' });
      const refusal = isPolicy ? [422, 'policy.invalid'] : [400, 'request.schema'];
      expect([status, body.code]).toEqual(refusal);
      expect(body.detail).toContain('colour');
    });

  if (method !== 'get' && taken.length === 0)
    it('takes no body', async () => {
      expect(await ask(method, path).send({ colour: 'red' })).toMatchObject(refusedFor('colour'));
    });

  it.each([
    ...[undefined, '', '*/*', 'application/problem+json', 'text/x-nothing, */*;q=0.1'],
    ...produced.flatMap((type) => [type, type.toUpperCase(), `${type};q=0.5`, type.replace(/\/.*/u, '/*')]),
    ...produced.map((type) => `${type};charset=UTF-8`),
  ])('answers who accepts %s', async (accept) => {
    const { status } = await ask(method, path, '', accept === undefined ? {} : { accept });
    expect(status).not.toBe(406);
  });

  it.each([
    ...['image/png', 'image/*', 'nothing', '*/*;q=0'],
    ...produced.map((type) => `${type}x`),
    ...(produced.length === 1 ? produced.map((type) => `${type};q=0, image/png`) : []),
  ])('answers 406 to who accepts %s alone', async (accept) => {
    const { status, body, headers } = await ask(method, path, '', { accept });
    expect([status, body.code]).toEqual([406, 'request.not-acceptable']);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/u);
    for (const type of produced) expect(body.detail).toContain(type);
  });
});

describe('the form of an upload', () => {
  const part = (name: string, text: string, file = true) =>
    `--b\r\ncontent-disposition: form-data; name="${name}"${file ? '; filename="b.zip"' : ''}\r\n\r\n${text}\r\n`;
  const form = (...parts: string[]) => api.as().form(`${parts.join('')}--b--\r\n`);

  it.each([
    ['before the bundle', [part('colour', 'red', false), part('file', 'PK')], 'colour'],
    ['behind the bundle', [part('file', 'PK'), part('colour', 'red', false)], 'colour'],
    ['another file behind the bundle', [part('file', 'PK'), part('colour', 'PK')], 'colour'],
    ['another file before the bundle', [part('colour', 'PK'), part('file', 'PK')], 'colour'],
    ['alone', [part('colour', 'red', false)], 'colour'],
    ['the bundle twice', [part('file', 'PK'), part('file', 'PK')], 'another file'],
    ['many', [part('file', 'PK'), ...Array.from({ length: 20 }, () => part('colour', 'red', false))], 'colour'],
    ['many files', Array.from({ length: 20 }, () => part('file', 'PK')), 'another file'],
    ['a field in the place of the bundle', [part('file', 'PK', false)], 'not a file'],
  ])('takes no unknown part: %s', async (_name, parts, found) => {
    expect(await form(...parts)).toMatchObject(refusedFor(found));
  });

  it('is refused before anything is stored', async () => {
    const { bytes, bundleId } = await api.prover.bundle();
    const upload = request(api.url)
      .post('/proof/upload')
      .set('authorization', `Bearer ${tokenWith('verify:read')}`);
    expect(await upload.attach('file', Buffer.from(bytes), 'b.zip').field('colour', 'red')).toMatchObject(
      refusedFor('colour'),
    );
    expect((await api.as().post('/verify', { bundle_id: bundleId })).body.code).toBe('bundle.unknown');
  });
});
