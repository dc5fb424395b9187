import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { type Greeter, greeter } from '../greeter.fixture.js';
import { type Problem, ServiceError } from '@cap/contracts';
import { ProblemError, PROBLEMS, toProblem } from '../index.js';
import { toBody } from './problem.js';

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
    const body = toBody(new ProblemError('list.invalid', 'y'.repeat(1_000_000), { status: 400, errors }), 'id');
    expect(body.errors).toHaveLength(101);
    expect(body.errors!.at(-1)).toEqual({ message: 'and 2900 more' });
    expect(JSON.stringify(body).length).toBeLessThan(70_000);
    expect(toBody(new ProblemError('list.invalid', 'one', { errors: [{ line: 1 }] }), 'id').errors).toEqual([
      { line: 1 },
    ]);
  });

  it('405 names the methods that the path takes', async () => {
    const { status, headers, body } = await send('DELETE', '/open/you?x=1');
    expect([status, body.code, headers['allow']]).toEqual([405, 'method.not-allowed', 'GET, HEAD']);
    expect((await send('GET', '/greetings')).headers['allow']).toBe('POST');
  });

  it.each([
    ['JSON that does not parse', () => post('{"name":'), 400, 'request.schema', 'body: '],
    ['a member twice', () => post('{"name":"a","name":"b"}'), 400, 'request.schema', '"name" stands there twice'],
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
    for (const code of ['rate.limited', 'overloaded', 'registry.unavailable'])
      expect(Number(new ProblemError(code, '').headers['retry-after'])).toBeGreaterThan(0);
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

describe('errors of the core libraries, known by shape', () => {
  const shaped = (kind: string, code: string, details?: unknown) =>
    Object.assign(new Error('the place: expected …'), { kind, code, details });

  it.each([
    ['input', 'bundle.unreadable', 400],
    ['input', 'bundle.limit', 413],
    ['input', 'policy.invalid', 422],
    ['input', 'list.invalid', 400],
    ['missing', 'policy.unknown', 404],
    ['usage', 'option.unsupported', 422],
    ['conflict', 'policy.conflict', 409],
    ['conflict', 'something.else', 409],
    ['busy', 'data.owned', 503],
    ['forbidden', 'key.mode', 403],
  ])('%s %s is %i', (kind, code, status) => {
    const problem = toProblem(shaped(kind, code, [{ line: 1 }]));
    expect(problem).toMatchObject({ code, status, message: 'the place: expected …', errors: [{ line: 1 }] });
  });

  it('io keeps its code for another service or the operator', () => {
    expect(toProblem(shaped('io', 'blob.corrupt'), { internal: true })).toMatchObject({
      code: 'blob.corrupt',
      status: 500,
    });
    expect(toProblem(shaped('config', 'x.y'), { internal: true })).toMatchObject({ code: 'internal', status: 500 });
  });

  it.each(['io', 'cannot-create', 'config', 'constructor'])('%s stays inside', (kind) =>
    expect(toProblem(shaped(kind, 'x.y'))).toMatchObject({ code: 'internal', status: 500 }),
  );

  it.each(['ENOSPC', 'SQLITE_FULL'])('%s is a full disk', (code) =>
    expect(toProblem(Object.assign(new Error('x'), { code }))).toMatchObject({ code: 'storage.full', status: 507 }),
  );

  it.each([
    [new ServiceError(404, 'policy.unknown', 'no such policy'), 404, 'policy.unknown', undefined],
    [new ServiceError(409, 'policy.conflict', 'other content'), 409, 'policy.conflict', undefined],
    [new ServiceError(507, 'storage.full', 'no room'), 507, 'storage.full', undefined],
    [new ServiceError(503, 'registry.unavailable', 'no answer', 9), 503, 'registry.unavailable', '9'],
    [new ServiceError(401, 'auth.invalid', 'our token'), 503, 'registry.unavailable', '5'],
    [new ServiceError(500, 'internal', 'it broke'), 503, 'registry.unavailable', '5'],
    [new ServiceError(400, 'request.schema', 'cursor: not one of ours'), 400, 'request.schema', undefined],
    [new ServiceError(415, 'request.media-type', 'we sent nonsense'), 500, 'internal', undefined],
    [new ServiceError(409, 'list.conflict', 'known under another id'), 409, 'list.conflict', undefined],
  ])('an internal call that failed with %p', (error, status, code, retryAfter) => {
    const problem = toProblem(error);
    expect([problem.status, problem.code, problem.headers['retry-after']]).toEqual([status, code, retryAfter]);
    if (status === 503 || code !== error.code) expect(problem.message).not.toContain(error.detail);
  });

  it('exceptions of Nest get the code of their status', () => {
    expect(toProblem(new BadRequestException('no'))).toMatchObject({ code: 'request.schema', status: 400 });
  });

  it('every code has the status of the product page', () => {
    expect(PROBLEMS).toMatchObject({
      'auth.scope': 403,
      'rate.limited': 429,
      timeout: 504,
      'storage.full': 507,
      'bundle.limit': 413,
    });
    for (const [code, status] of Object.entries(PROBLEMS)) expect(new ProblemError(code, '').status).toBe(status);
  });
});
