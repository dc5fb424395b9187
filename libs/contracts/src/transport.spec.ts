import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { CapError } from '@cap/core';
import { RegistryClient } from './index.js';

type Answer = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

const opened: { server: Server; client: RegistryClient }[] = [];
afterEach(async () => {
  for (const { server, client } of opened.splice(0)) {
    server.closeAllConnections();
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server on loopback that answers as told, and a client of it. */
async function serve(answer: Answer, options: { timeoutMs?: number; token?: () => string } = {}) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new RegistryClient({ url, token: 'a-token-of-the-test', ...options });
  opened.push({ server, client });
  return { client, seen, url, server };
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const digest = `0x${'a'.repeat(64)}` as const;
const STATUS = { version: '0.1.0', log_size: 1, head_digest: digest, entries: 0, blob_bytes: 0 };
const problem = (status: number, code: string) => ({
  type: `urn:cap:problem:${code}`,
  title: 'No',
  status,
  code,
  detail: 'why',
});
const failure = (call: Promise<unknown>): Promise<CapError> =>
  call.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as CapError,
  );

describe('RegistryClient', () => {
  it('sends token and request id, and asks for a rotated token on each call', async () => {
    let token = 'first-token-of-two';
    const { client, seen } = await serve((_request, response) => json(response, 200, STATUS), { token: () => token });
    expect(await client.status({ requestId: 'r-1' })).toEqual(STATUS);
    token = 'second-token-of-two';
    await client.status();
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first-token-of-two',
      'Bearer second-token-of-two',
    ]);
    expect(seen.map(({ headers }) => headers['x-request-id'])).toEqual(['r-1', undefined]);
  });

  it('keeps what is in a name out of the path', async () => {
    const { client, seen } = await serve((_request, response) => json(response, 404, problem(404, 'policy.unknown')));
    expect(await client.findPolicy('../entries?x=1')).toBeNull();
    expect(await client.findPolicy('..')).toBeNull();
    await failure(client.setPolicyStatus('..', 'active'));
    expect(seen.map(({ url }) => url)).toEqual([
      '/v1/policies/..%2Fentries%3Fx%3D1',
      '/v1/policies/..',
      '/v1/policies/../status',
    ]);
  });

  it('throws the status, code, words and Retry-After of a problem', async () => {
    const { client } = await serve((_request, response) =>
      json(response, 409, problem(409, 'policy.conflict'), { 'retry-after': '7' }),
    );
    const error = await failure(client.storePolicy({ document: {} }));
    expect(error).toBeInstanceOf(CapError);
    expect(error).toMatchObject({ status: 409, code: 'policy.conflict', message: 'why', retryAfter: 7 });
  });

  it('tells a missing route from a missing record', async () => {
    const { client } = await serve((_request, response) => json(response, 404, problem(404, 'route.unknown')));
    expect(await failure(client.findEntry('x'))).toMatchObject({ status: 404, code: 'route.unknown' });
  });

  it('tries an idempotent call again after a 503 and after a cut connection', async () => {
    const { client, seen } = await serve((request, response, attempt) => {
      if (attempt === 1) json(response, 503, problem(503, 'overloaded'));
      else if (attempt === 2) request.socket.destroy();
      else json(response, 200, STATUS);
    });
    expect(await client.status()).toEqual(STATUS);
    expect(seen).toHaveLength(3);
  });

  it('gives up after two retries', async () => {
    const { client, seen } = await serve((_request, response) => json(response, 503, problem(503, 'overloaded')));
    expect(await failure(client.status())).toMatchObject({ status: 503, code: 'overloaded' });
    expect(seen).toHaveLength(3);
  });

  it('comes back when a busy service said so, not before', async () => {
    const times: number[] = [];
    const { client } = await serve((_request, response, attempt) => {
      times.push(performance.now());
      if (attempt === 1) json(response, 503, problem(503, 'overloaded'), { 'retry-after': '1' });
      else json(response, 200, STATUS);
    });
    expect(await client.status()).toEqual(STATUS);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1_000);
  });

  it('hands a longer wait on to its caller', async () => {
    const { client, seen } = await serve((_request, response) =>
      json(response, 503, problem(503, 'overloaded'), { 'retry-after': '30' }),
    );
    expect(await failure(client.status())).toMatchObject({ code: 'overloaded', retryAfter: 30 });
    expect(seen).toHaveLength(1);
  });

  it('an answer that never ends is registry.unavailable', async () => {
    const { client } = await serve(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
      { timeoutMs: 200 },
    );
    const error = await failure(client.status());
    expect(error).toMatchObject({ code: 'registry.unavailable' });
    expect(error.message).toContain('no answer in time');
  });

  it('never repeats what may count twice, nor a stream', async () => {
    const { client, seen } = await serve((request, response) => {
      request.resume();
      request.on('end', () => json(response, 503, problem(503, 'overloaded')));
    });
    await failure(client.appendEvent({ event: 'backup.drill', details: {} }));
    expect(seen).toHaveLength(1);
    await failure(client.putBlob(Readable.from([Buffer.from('x')]), 'keep'));
    expect(seen).toHaveLength(2);
    await failure(client.putBlob(Buffer.from('x'), 'keep'));
    expect(seen).toHaveLength(5);
  });

  it('never repeats what was refused', async () => {
    const { client, seen } = await serve((_request, response) => json(response, 403, problem(403, 'auth.scope')));
    expect(await failure(client.status())).toMatchObject({ status: 403, code: 'auth.scope' });
    expect(seen).toHaveLength(1);
  });

  it('is registry.unavailable when nobody listens', async () => {
    const { server, url } = await serve(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const client = new RegistryClient({ url });
    expect(await failure(client.status())).toMatchObject({ status: 503, code: 'registry.unavailable', retryAfter: 1 });
    await client.close();
  });

  it('is registry.unavailable when no answer comes in time', async () => {
    const { client } = await serve(() => undefined, { timeoutMs: 50 });
    const error = await failure(client.appendEvent({ event: 'backup.drill', details: {} }));
    expect(error).toMatchObject({ code: 'registry.unavailable' });
    expect(error.message).toContain('no answer in time');
  });

  it.each([
    ['is not JSON', (response: ServerResponse) => response.writeHead(200).end('<html>')],
    ['has another shape', (response: ServerResponse) => json(response, 200, { hello: 'world' })],
    [
      'breaks off',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
    ],
    ['is a 500 without a problem', (response: ServerResponse) => response.writeHead(500).end('oops')],
  ])('is registry.unavailable when the answer %s', async (_name, answer) => {
    const { client } = await serve((_request, response) => void answer(response));
    expect((await failure(client.status())).code).toBe('registry.unavailable');
  });

  it('after five failures in a row lets one call at a time try, and everybody once that one got through', async () => {
    let broken = true;
    const { client, seen } = await serve((request, response) => {
      if (broken) request.socket.destroy();
      else json(response, 200, STATUS);
    });
    const event = { event: 'backup.drill', details: {} } as const; // never repeated
    for (let i = 0; i < 5; i++) await failure(client.appendEvent(event));
    expect(seen).toHaveLength(5);
    const together = await Promise.all(Array.from({ length: 4 }, () => failure(client.appendEvent(event))));
    expect(seen).toHaveLength(6);
    expect(together.filter((error) => error.message.includes('has not answered lately'))).toHaveLength(3);
    broken = false;
    expect(await client.status()).toEqual(STATUS);
    expect(await Promise.all([client.status(), client.status(), client.status()])).toEqual([STATUS, STATUS, STATUS]);
  });

  it('ends with the caller', async () => {
    const { client } = await serve(() => controller.abort());
    const controller = new AbortController();
    await expect(client.status({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
