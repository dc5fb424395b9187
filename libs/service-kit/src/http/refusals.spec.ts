import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type Greeter, greeter, testdata } from '../greeter.fixture.js';

const HOST = 'host: x\r\n\r\n';
const LONG = 'x'.repeat(20_000);
const CHUNKED = `POST /greetings HTTP/1.1\r\ntransfer-encoding: chunked\r\n`;

/** What is sent, and how it is answered, counted and logged. */
const REFUSED: [name: string, bytes: string, status: number, code: string, method: string][] = [
  ['an undecodable path', `GET /%zz HTTP/1.1\r\n${HOST}`, 400, 'request.schema', 'GET'],
  ['an undecodable part of a route', `GET /open/%zz HTTP/1.1\r\n${HOST}`, 400, 'request.schema', 'GET'],
  [
    'an undecodable path with a body',
    `POST /%zz HTTP/1.1\r\ncontent-length: 3\r\n${HOST}abc`,
    400,
    'request.schema',
    'POST',
  ],
  ['no path', `OPTIONS * HTTP/1.1\r\n${HOST}`, 404, 'route.unknown', 'OPTIONS'],
  ['another expectation', `GET /greetings HTTP/1.1\r\nexpect: a-miracle\r\n${HOST}`, 417, 'request.schema', 'GET'],
  ['no Host', 'GET /open/you HTTP/1.1\r\n\r\n', 400, 'request.schema', 'GET'],
  ['large headers', `GET / HTTP/1.1\r\nx-filler: ${LONG}\r\n${HOST}`, 431, 'request.too-large', 'GET'],
  ['a long path', `GET /${LONG} HTTP/1.1\r\n${HOST}`, 431, 'request.too-large', 'GET'],
  [
    'two lengths',
    `POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n${HOST}`,
    400,
    'request.schema',
    'POST',
  ],
  ['a wrong length', `POST / HTTP/1.1\r\ncontent-length: -1\r\n${HOST}`, 400, 'request.schema', 'POST'],
  ['an unknown method', `FOO / HTTP/1.1\r\n${HOST}`, 400, 'request.schema', 'unknown'],
  ['a method that no route has', `PURGE /greetings HTTP/1.1\r\n${HOST}`, 405, 'method.not-allowed', 'PURGE'],
  ['a tunnel', `CONNECT x:1 HTTP/1.1\r\n${HOST}`, 404, 'route.unknown', 'CONNECT'],
  ['an unknown version', `GET / HTTP/3.0\r\n${HOST}`, 400, 'request.schema', 'GET'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'request.schema', 'unknown'],
  ['a wrong header', `GET / HTTP/1.1\r\na b: c\r\n${HOST}`, 400, 'request.schema', 'GET'],
  ['garbage', '\x16\x03\x01\x02\x00', 400, 'request.schema', 'unknown'],
  ['a head that ends in the middle', 'GET / HTTP/1.1\r\nhost', 400, 'request.schema', 'unknown'],
];

const requests = async (running: Greeter): Promise<{ labels: Record<string, unknown>; value: number }[]> =>
  (await running.metrics.getSingleMetric('cap_http_requests_total')!.get()).values as never;

describe.each([
  ['API, plain', false, 'api'],
  ['API, TLS', true, 'api'],
  ['management', true, 'management'],
] as const)('what is no request of ours (%s)', (_name, secure, listener) => {
  let running: Greeter;
  let reach: () => Promise<Socket>;
  beforeAll(async () => {
    const tls = { mode: 'tls', cert: testdata('first.crt'), key: testdata('first.key') };
    running = await greeter(secure ? { server: { bind: '127.0.0.1:0', management_bind: '127.0.0.1:0' }, tls } : {});
    const { protocol, hostname: host, port } = new URL((await running.service.listen())[listener]);
    reach = async () => {
      const to = { host, port: Number(port) };
      const socket =
        protocol === 'https:' ? connectTls({ ...to, ca: readFileSync(testdata('first.crt')) }) : connectTcp(to);
      await once(socket, protocol === 'https:' ? 'secureConnect' : 'connect');
      return socket;
    };
  });
  afterAll(() => running?.service.stop());
  beforeEach(async () => {
    running.log.lines.length = 0;
    running.metrics.getSingleMetric('cap_http_requests_total')!.reset();
  });

  /** Sends, ends, and gives what came back. */
  const answerTo = async (bytes: string) => {
    const socket = await reach();
    socket.end(bytes);
    let text = '';
    for await (const piece of socket) text += String(piece);
    const [head, body] = text.split('\r\n\r\n') as [string, string];
    const [line, ...fields] = head.split('\r\n');
    const headers = Object.fromEntries(fields.map((field) => field.toLowerCase().split(': ') as [string, string]));
    return { status: Number(line!.split(' ')[1]), headers, body: JSON.parse(body) as Record<string, unknown> };
  };

  it.each(REFUSED)('%s: answered as a problem, counted once, logged once', async (_of, bytes, status, code, method) => {
    const refusedElsewhere = listener === 'management' && ['request.schema', 'method.not-allowed'].includes(code);
    const answer = await answerTo(bytes);
    if (!(refusedElsewhere && answer.body.code === 'route.unknown'))
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    const { headers, body } = answer;
    expect(headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/problem\+json/),
      'x-request-id': body.request_id,
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
    const [counted, ...more] = (await requests(running)).filter(({ value }) => value > 0);
    expect(more).toEqual([]);
    expect(counted).toMatchObject({ labels: { status: String(answer.status) }, value: 1 });
    // A head larger than a record of TLS comes in pieces, and the last one does not tell.
    expect(secure && status === 431 ? [method, 'unknown'] : [method]).toContain(counted!.labels.method);
    expect(['unmatched', '/open/:name', '/greetings']).toContain(counted!.labels.route);
    expect(running.log.find('request')).toEqual([
      expect.objectContaining({ ...counted!.labels, status: answer.status, request_id: body.request_id }),
    ]);
    expect(JSON.stringify(running.log.lines)).not.toContain('zz');
  });

  it('bytes in the place of a body: one answer, under the id of its request', async () => {
    const token = await running.issuer.token();
    if (listener === 'management') return; // no route there takes a body
    const head = `authorization: Bearer ${token}\r\ncontent-type: application/json\r\nx-request-id: r-1\r\n`;
    const { status, headers } = await answerTo(`${CHUNKED}${head}${HOST}no chunk\r\n\r\n`);
    expect([status, headers['x-request-id']]).toEqual([400, 'r-1']);
    // It counts when the connection has closed at this end.
    while (running.log.find('request').length === 0) await setImmediate();
    expect((await requests(running)).filter(({ value }) => value > 0)).toMatchObject([
      { labels: { method: 'POST', route: '/greetings', status: '400' }, value: 1 },
    ]);
    expect(running.log.find('request')).toMatchObject([{ request_id: 'r-1', route: '/greetings', status: 400 }]);
  });
});

it('a token that is larger than the header limit is counted as refused', async () => {
  const running = await greeter();
  const { hostname, port } = new URL((await running.service.listen()).api);
  const failures = async () =>
    (await running.metrics.getSingleMetric('cap_auth_token_validation_failures_total')!.get()).values[0]?.value ?? 0;
  const before = await failures();
  const socket = connectTcp(Number(port), hostname);
  socket.end(`GET /greetings HTTP/1.1\r\nauthorization: Bearer ${LONG}\r\n${HOST}`);
  let text = '';
  for await (const piece of socket) text += String(piece);
  expect(text).toMatch(/^HTTP\/1\.1 401 /);
  expect(await failures()).toBe(before + 1);
  expect(running.log.find('request')).toMatchObject([{ status: 401, code: 'auth.invalid', client: '127.0.0.1' }]);
  await running.service.stop();
});

it('a handshake that fails is no request, and gets no answer in the clear', async () => {
  const tls = { mode: 'tls', cert: testdata('first.crt'), key: testdata('first.key') };
  const running = await greeter({ server: { bind: '127.0.0.1:0', management_bind: '127.0.0.1:0' }, tls });
  const { hostname, port } = new URL((await running.service.listen()).api);
  running.metrics.getSingleMetric('cap_http_requests_total')!.reset();
  const socket = connectTcp(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(`GET / HTTP/1.1\r\n${HOST}`);
  let text = '';
  socket.on('data', (piece) => (text += String(piece)));
  await once(socket, 'close');
  expect(text).not.toContain('HTTP');
  expect(await requests(running)).toEqual([]);
  await running.service.stop();
});
