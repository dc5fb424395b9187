import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { type Greeter, greeter } from '../greeter.fixture.js';
import type { Problem } from '@cap/contracts';
import { CapError, type ErrorCode, type RemoteAnswer, remoteError } from '@cap/core';
import { toProblem } from './to-problem.js';
import { headersOf, toBody } from './problem.js';

let running: Greeter;
let authorization: string;
beforeAll(async () => {
  running = await greeter({ limits: { json_bytes: 200 } });
  authorization = `Bearer ${await running.issuer.token()}`;
});
afterAll(() => running.service.stop());

const send = async (method: string, url: string, payload?: string, headers: Record<string, string> = {}) => {
  const answer = await running.service.app.inject({ method: method as 'GET', url, payload, headers });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json<Problem>() };
};
const post = (payload: string, type = 'application/json', more: Record<string, string> = {}) =>
  send('POST', '/greetings', payload, { authorization, 'content-type': type, ...more });

describe('problem details', () => {
  it('have every member of RFC 9457 and the request id, in body and header', async () => {
    const { status, headers, body } = await send('GET', '/nowhere', undefined, { 'x-request-id': 'my-request.1' });
    expect(status).toBe(404);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(headers['x-request-id']).toBe('my-request.1');
    expect(body).toEqual({
      type: 'urn:cap:problem:route.unknown',
      title: 'Not Found',
      status: 404,
      code: 'route.unknown',
      detail: 'There is no such route.',
      request_id: 'my-request.1',
    });
  });

  it.each(['', 'has space', 'x'.repeat(129), 'line\u00e9', '<script>'])(
    'answer a request id that is not well formed (%j) with a new one',
    async (id) => {
      const { headers, body } = await send('GET', '/nowhere', undefined, { 'x-request-id': id });
      expect(body.request_id).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers['x-request-id']).toBe(body.request_id);
    },
  );

  it('answer good requests with their id too', async () => {
    const answer = await running.service.app.inject('/open/you');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.json()).toEqual({ hello: 'you' });
  });

  it('and good answers carry the headers that keep browsers from doing anything with them', async () => {
    for (const url of ['/open/you', '/nowhere']) {
      const { headers } = await running.service.app.inject(url);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['strict-transport-security']).toBeUndefined();
    }
  });

  it('list no more than a hundred particulars, and quote no more than a sentence', () => {
    const errors = Array.from({ length: 3_000 }, (_, line) => ({ line, message: 'x'.repeat(10_000) }));
    const body = toBody(new CapError('list.invalid', 'y'.repeat(1_000_000), { status: 400, details: errors }), 'id');
    expect(body.errors).toHaveLength(101);
    expect(body.errors!.at(-1)).toEqual({ message: 'and 2900 more' });
    expect(JSON.stringify(body).length).toBeLessThan(70_000);
    expect(toBody(new CapError('list.invalid', 'one', { details: [{ line: 1 }] }), 'id').errors).toEqual([{ line: 1 }]);
  });

  it('405 names the methods that the path takes', async () => {
    const { status, headers, body } = await send('DELETE', '/open/you?x=1');
    expect([status, body.code, headers['allow']]).toEqual([405, 'method.not-allowed', 'GET, HEAD']);
    expect((await send('GET', '/greetings')).headers['allow']).toBe('POST');
  });

  it.each([
    ['JSON that does not parse', () => post('{"name":'), 400, 'request.schema', 'body: '],
    ['a member twice', () => post('{"name":"a","name":"b"}'), 400, 'request.schema', 'duplicate member "name"'],
    ['an empty body', () => post(''), 400, 'request.schema', 'expected JSON, got nothing'],
    [
      'a body that reaches for a prototype',
      () => post('{"name":"a","__proto__":{"x":1}}'),
      400,
      'request.schema',
      '__proto__',
    ],
    ['a wrong type', () => post('{"name":7}'), 400, 'request.schema', 'body.name: expected string, received number'],
    [
      'a fault deep inside',
      () => post('{"name":"a","options":{"times":"x"}}'),
      400,
      'request.schema',
      'body.options.times:',
    ],
    ['an unknown key', () => post('{"name":"a","colour":1}'), 400, 'request.schema', 'colour'],
    [
      'no body at all',
      () => send('POST', '/greetings', undefined, { authorization }),
      400,
      'request.schema',
      'body: expected object',
    ],
    [
      'a media type that no route takes',
      () => post('name=a', 'application/x-www-form-urlencoded'),
      415,
      'request.media-type',
      'Content-Type',
    ],
    [
      'a packed body',
      () => post('{"name":"a"}', undefined, { 'content-encoding': 'gzip' }),
      415,
      'request.media-type',
      'Content-Encoding',
    ],
    ['plain text', () => post('a', 'text/plain'), 415, 'request.media-type', 'Content-Type'],
    [
      'a body over the limit',
      () => post(JSON.stringify({ name: 'x'.repeat(300) })),
      413,
      'request.too-large',
      'larger',
    ],
    ['a URL that can not be decoded', () => send('GET', '/open/%zz'), 400, 'request.schema', 'URL'],
  ])('%s', async (_name, request, status, code, detail) => {
    const { status: actual, body } = await request();
    expect([actual, body.code, body.status]).toEqual([status, code, status]);
    expect(body.detail).toContain(detail);
  });

  it('say when to try again', async () => {
    const { status, headers, body } = await send('GET', '/conflict');
    expect([status, body.code, headers['retry-after']]).toEqual([409, 'idempotency.in-flight', '1']);
    for (const code of ['rate.limited', 'overloaded', 'registry.unavailable'] as const)
      expect(Number(headersOf(new CapError(code, ''))['retry-after'])).toBeGreaterThan(0);
  });

  it('of an unexpected error tell nothing of it; the log does, under the request id', async () => {
    running.stage.error = new Error('canary detail with Bearer abc.def.ghi');
    const { status, body } = await send('GET', '/broken');
    expect([status, body.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(body)).not.toContain('canary');
    const logged = running.log.find('request failed').at(-1)!;
    expect(logged).toMatchObject({ level: 'error', request_id: body.request_id, route: '/broken' });
    expect(JSON.stringify(logged)).toContain('canary detail');
    expect(JSON.stringify(logged)).not.toContain('abc.def');
  });

  it.each(['a string', null, undefined, { statusCode: 200 }, 42])('of %j thrown are internal', async (thrown) => {
    running.stage.error = thrown;
    expect((await send('GET', '/broken')).body.code).toBe('internal');
  });
});

describe('errors of the libraries', () => {
  it.each<[ErrorCode, number]>([
    ['bundle.unreadable', 400],
    ['bundle.limit', 413],
    ['policy.invalid', 422],
    ['list.invalid', 400],
    ['policy.unknown', 404],
    ['option.unsupported', 422],
    ['policy.conflict', 409],
    ['bundle.held', 409],
    ['storage.owned', 503],
    ['key.forbidden', 403],
  ])('%s is %i', (code, status) => {
    const error = new CapError(code, 'the place: expected …', { details: [{ line: 1 }] });
    expect(toProblem(error)).toBe(error);
    expect(toBody(error, 'id')).toMatchObject({ code, status, detail: 'the place: expected …', errors: [{ line: 1 }] });
  });

  it.each<ErrorCode>(['blob.corrupt', 'output.failed', 'output.refused', 'log.key'])('%s stays inside', (code) => {
    const error = new CapError(code, 'the place: expected …');
    expect(toProblem(error)).toMatchObject({ code: 'internal', status: 500, cause: error });
    expect(toProblem(error).message).not.toContain('the place');
    expect(toProblem(error, { internal: true })).toBe(error);
    const exposed = new CapError(code, 'for the operator', { expose: true });
    expect(toProblem(exposed)).toBe(exposed);
  });

  it.each(['ENOSPC', 'SQLITE_FULL'])('%s is a full disk', (code) =>
    expect(toProblem(Object.assign(new Error('x'), { code }))).toMatchObject({ code: 'storage.full', status: 507 }),
  );

  it.each<[RemoteAnswer, string, number, string, string | undefined]>([
    [{ status: 404, code: 'policy.unknown' }, 'no such policy', 404, 'policy.unknown', undefined],
    [{ status: 409, code: 'policy.conflict' }, 'other content', 409, 'policy.conflict', undefined],
    [{ status: 507, code: 'storage.full' }, 'no room', 507, 'storage.full', undefined],
    [{ status: 401, code: 'auth.invalid' }, 'our token', 503, 'registry.unavailable', '5'],
    [{ status: 500, code: 'internal' }, 'it broke', 503, 'registry.unavailable', '5'],
    [{ status: 503, code: 'of.a-newer-version' }, 'who knows', 503, 'registry.unavailable', '5'],
    [{ status: 400, code: 'of.a-newer-version' }, 'who knows', 500, 'internal', undefined],
    [{ status: 400, code: 'request.schema' }, 'cursor: not one of ours', 400, 'request.schema', undefined],
    [{ status: 415, code: 'request.media-type' }, 'we sent nonsense', 500, 'internal', undefined],
    [{ status: 409, code: 'list.conflict' }, 'known under another id', 409, 'list.conflict', undefined],
  ])('an internal call that failed with %p', (answer, said, status, code, retryAfter) => {
    const problem = toProblem(remoteError({ status: answer.status!, code: answer.code }, said));
    expect([problem.status, problem.code, headersOf(problem)['retry-after']]).toEqual([status, code, retryAfter]);
    if (status === 503 || code !== answer.code) expect(problem.message).not.toContain(said);
  });

  it('an internal call without an answer says when the client of the registry asks again', () => {
    const remote = { status: null, code: 'registry.unavailable' };
    const problem = toProblem(new CapError('registry.unavailable', 'http://inside', { remote, retryAfter: 9 }));
    expect([problem.status, problem.code, headersOf(problem)['retry-after']]).toEqual([
      503,
      'registry.unavailable',
      '9',
    ]);
    expect(problem.message).not.toContain('inside');
  });

  it('exceptions of Nest get the code of their status', () => {
    expect(toProblem(new BadRequestException('no'))).toMatchObject({ code: 'request.schema', status: 400 });
  });
});
