import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { type ClientName, digestOf, TestRegistry, TOKENS } from './registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

const id = digestOf('x');
const ROUTES: [method: 'get' | 'head' | 'post' | 'put' | 'delete', path: string, allowed: ClientName[]][] = [
  ['get', '/v1/status', ['verifier', 'backup', 'operator']],
  ['post', '/v1/policies', ['verifier', 'operator']],
  ['get', '/v1/policies', ['verifier', 'operator']],
  ['get', '/v1/policies/x', ['verifier', 'operator']],
  ['put', '/v1/policies/x/status', ['verifier', 'operator']],
  ['post', '/v1/lists', ['verifier', 'operator']],
  ['get', '/v1/lists', ['verifier', 'operator']],
  ['get', `/v1/lists/${id}`, ['verifier', 'operator']],
  ['get', `/v1/lists/${id}/content`, ['verifier', 'operator']],
  ['post', `/v1/lists/${id}/withdraw`, ['verifier', 'operator']],
  ['put', '/v1/blobs', ['verifier', 'operator']],
  ['get', '/v1/blobs', ['operator']],
  ['get', `/v1/blobs/${id}`, ['verifier', 'backup', 'operator']],
  ['head', `/v1/blobs/${id}`, ['verifier', 'backup', 'operator']],
  ['post', '/v1/entries', ['verifier']],
  ['get', '/v1/entries', ['verifier', 'operator']],
  ['get', '/v1/entries/x', ['verifier', 'operator']],
  ['put', '/v1/entries/x/hold', ['operator']],
  ['post', '/v1/entries/x/erase', ['operator']],
  ['post', '/v1/blobs/collect', ['operator']],
  ['post', '/v1/retention', ['operator']],
  ['post', '/v1/idempotency-keys', ['verifier']],
  ['put', `/v1/idempotency-keys/${id}/lease`, ['verifier']],
  ['put', `/v1/idempotency-keys/${id}/answer`, ['verifier']],
  ['delete', `/v1/idempotency-keys/${id}`, ['verifier']],
  ['get', '/v1/log/checkpoint', ['verifier', 'backup', 'operator']],
  ['get', '/v1/log/inclusion?log_index=0', ['verifier', 'backup', 'operator']],
  ['get', '/v1/log/consistency?from=0', ['verifier', 'backup', 'operator']],
  ['get', '/v1/events', ['verifier', 'backup', 'operator']],
  ['post', '/v1/events', ['backup', 'operator']],
  ['post', '/v1/snapshots', ['backup']],
  ['get', '/v1/snapshots/x/database', ['backup']],
  ['get', '/v1/snapshots/x/blobs', ['backup']],
  ['delete', '/v1/snapshots/x', ['backup']],
];

const ask = (method: (typeof ROUTES)[number][0], path: string, token?: string) => {
  const call = request(registry.url)[method](path);
  return token === undefined ? call : call.set('authorization', `Bearer ${token}`);
};

describe('each route lets in the clients on its list and nobody else', () => {
  it.each(ROUTES)('%s %s', async (method, path, allowed) => {
    expect((await ask(method, path)).status).toBe(401);
    const stranger = await ask(method, path, 'somebody-else-0123456789');
    expect(stranger.status).toBe(401);
    if (method !== 'head') expect(stranger.body).toMatchObject({ code: 'auth.invalid', status: 401 });
    for (const client of Object.keys(TOKENS) as ClientName[]) {
      const { status, body } = await ask(method, path, TOKENS[client]);
      if (allowed.includes(client)) expect([401, 403, 500]).not.toContain(status);
      else {
        expect(status).toBe(403);
        if (method !== 'head') expect(body.code).toBe('auth.scope');
      }
    }
  });

  it('answers problems as problem+json with the request id', async () => {
    const answer = await ask('get', '/v1/status').set('x-request-id', 'from-the-caller');
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'auth.missing', request_id: 'from-the-caller' });
    expect(answer.headers['x-request-id']).toBe('from-the-caller');
  });

  it.each(ROUTES)('%s %s takes no unknown member, and none twice', async (method, path, [client]) => {
    const detail = async (query: string) => {
      const asked = ask(method, path + (path.includes('?') ? '&' : '?') + query, TOKENS[client!]);
      // Where bytes are expected, they are asked for first.
      const { status, body } = await (method === 'put' ? asked.type('application/octet-stream').send('x') : asked);
      return method === 'head' ? [status] : [status, body.code, body.detail];
    };
    const refused = (what: string) =>
      method === 'head' ? [400] : [400, 'request.schema', expect.stringContaining(what)];
    expect(await detail('colour=red')).toEqual(refused('colour'));
    expect(await detail('limit=1&limit=1')).toEqual(refused('limit'));
  });

  it.each([
    ['post', '/v1/snapshots', 'backup'],
    ['delete', '/v1/snapshots/x', 'backup'],
    ['delete', `/v1/idempotency-keys/${id}?lease_id=00000000-0000-4000-8000-000000000000`, 'verifier'],
  ] as const)('%s %s takes no body', async (method, path, client) => {
    const { status, body } = await ask(method, path, TOKENS[client]).send({ colour: 'red' });
    expect([status, body.code, body.detail]).toEqual([400, 'request.schema', expect.stringContaining('colour')]);
  });

  it('has no other routes', async () => {
    expect((await ask('get', '/v1/nowhere', TOKENS.operator)).body.code).toBe('route.unknown');
    expect((await ask('delete', '/v1/entries', TOKENS.operator)).body.code).toBe('method.not-allowed');
  });
});
