import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { type Greeter, greeter, testdata } from '../greeter.fixture.js';
import type { TestSettings } from '../index.js';
import { readBody } from './body-memory.js';

const open: { destroy?(): void; stop?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await (one.stop?.() ?? one.destroy?.());
});

const start = async (limits: Record<string, unknown>, tests: TestSettings = {}, secure = false) => {
  const tls = { mode: 'tls', cert: testdata('first.crt'), key: testdata('first.key') };
  const listen: Record<string, Record<string, unknown>> = secure
    ? { server: { bind: '127.0.0.1:0', management_bind: '127.0.0.1:0' }, tls }
    : {};
  const running = await greeter({ ...listen, limits }, { tests });
  open.push(running.service);
  const { hostname: host, port } = new URL((await running.service.listen()).api);
  const reach = async (): Promise<Socket> => {
    const to = { host, port: Number(port) };
    const socket = secure ? connectTls({ ...to, ca: readFileSync(testdata('first.crt')) }) : connectTcp(to);
    socket.on('error', () => undefined);
    open.unshift(socket);
    await once(socket, secure ? 'secureConnect' : 'connect');
    return socket;
  };
  return { ...running, reach };
};

const head = async (running: Greeter, bytes: number, more = '', sub = 'auditor') =>
  `POST /greetings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${await running.issuer.token({ sub })}\r\n` +
  `content-type: application/json\r\ncontent-length: ${bytes}\r\n${more}\r\n`;

/** What comes until the connection ends. */
async function all(socket: Socket): Promise<string> {
  let text = '';
  for await (const piece of socket) text += String(piece);
  return text;
}

/** The status of an answer whose connection stays open. */
const statusOf = async (socket: Socket): Promise<number> =>
  Number(String((await once(socket, 'data'))[0]).split(' ', 2)[1]);

describe.each([
  ['plain', false],
  ['TLS', true],
])('a body that is slow (%s)', (_name, secure) => {
  it('is refused when it stalls, whatever came of it at first: answered, counted and logged once', async () => {
    const running = await start({ body_min_bytes_per_second: 1000, body_grace_seconds: 0.4 }, {}, secure);
    const counted = running.metrics.getSingleMetric('cap_http_requests_total')!;
    counted.reset();
    const socket = await running.reach();
    socket.write((await head(running, 60_000)) + 'x'.repeat(50_000));
    const text = await all(socket);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('connection: close');
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ code: 'timeout', status: 408 });
    expect(running.log.find('request')).toMatchObject([{ route: '/greetings', status: 408 }]);
    expect((await counted.get()).values).toMatchObject([{ labels: { route: '/greetings', status: '408' }, value: 1 }]);
    expect(running.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is taken when it is slow and fast enough', async () => {
    const running = await start({ body_min_bytes_per_second: 5, body_grace_seconds: 0.6 }, {}, secure);
    const socket = await running.reach();
    const body = JSON.stringify({ name: 'x'.repeat(60) });
    socket.write(await head(running, body.length));
    const answered = statusOf(socket);
    for (const byte of body) {
      socket.write(byte);
      await pause(15);
    }
    expect(await answered).toBe(201);
  });

  it('is not refused for the time that it waits here', async () => {
    const running = await start({ body_min_bytes_per_second: 1000, body_grace_seconds: 0.2 }, {}, secure);
    const socket = await running.reach();
    const unhurried = (await head(running, 60_000))
      .replace('/greetings', '/unhurried')
      .replace('application/json', 'x/slow');
    socket.write(unhurried + 'x'.repeat(50_000));
    await running.stage.entered.promise;
    await pause(800); // four times the grace
    const answered = statusOf(socket);
    running.stage.release.resolve();
    socket.write('x'.repeat(10_000));
    expect(await answered).toBe(201);
  });
});

describe('the memory for bodies', () => {
  const LIMITS = { json_bytes: 10_000, bundle_bytes: 10_000, body_grace_seconds: 300 };

  it('is shared: one subject fills its part, another one is answered at once, and a third finds no room', async () => {
    const running = await start(LIMITS);
    const stalled = async (sub: string) => {
      const socket = await running.reach();
      socket.write((await head(running, 10_000, '', sub)) + 'x'.repeat(9_990));
      return socket;
    };
    const asks = async (sub: string, bytes = 100) => {
      const socket = await running.reach();
      socket.write((await head(running, bytes, '', sub)) + JSON.stringify({ name: 'x'.repeat(bytes - 11) }));
      return statusOf(socket);
    };
    const until = async (status: number, sub: string) => {
      while ((await asks(sub)) !== status);
    };
    const first = await stalled('greedy');
    await until(429, 'greedy');
    expect(await asks('modest', 9_900)).toBe(201);
    await stalled('second');
    await until(503, 'second'); // its own part is full, and so is all
    expect(await asks('third')).toBe(503);
    first.destroy();
    await until(201, 'greedy');
  });

  it('is not taken up by what a body announces', async () => {
    const running = await start(LIMITS);
    for (let i = 0; i < 5; i++) {
      const socket = await running.reach();
      socket.write((await head(running, 10_000)) + '{');
    }
    const socket = await running.reach();
    socket.write((await head(running, 14)) + '{"name":"you"}');
    expect(await statusOf(socket)).toBe(201);
  });
});

it('a body is the same in whatever pieces it comes', async () => {
  for (const sizes of [[1], [20_000], [1, 20_000, 3], [16_383, 16_384, 1, 65_536, 40_000, 40_000]]) {
    const body = new PassThrough();
    const request = { headers: {}, holdBytes: () => undefined } as unknown as FastifyRequest;
    const read = readBody(request, body, 10_000_000);
    const pieces = Array.from({ length: 300 }, (_, i) => Buffer.alloc(sizes[i % sizes.length]!, i));
    for (const piece of pieces) body.write(piece);
    body.end();
    expect((await read).equals(Buffer.concat(pieces))).toBe(true);
  }
});

it('a body that comes byte by byte is kept in few buffers: each has an overhead of hundreds of bytes', async () => {
  const body = new PassThrough();
  const request = { headers: {}, holdBytes: () => undefined } as unknown as FastifyRequest;
  const read = readBody(request, body, 10_000_000);
  const concat = jest.spyOn(Buffer, 'concat');
  for (let i = 0; i < 200_000; i++) if (!body.write('x')) await setImmediate();
  body.end();
  expect(await read).toHaveLength(200_000);
  expect(concat.mock.calls.map(([buffers]) => buffers.length)).toEqual([5]);
  concat.mockRestore();
});

describe('a client that waits before it sends its body', () => {
  const EXPECT = 'expect: 100-continue\r\n';

  it('is told to go on once somebody reads it', async () => {
    const running = await start({});
    const socket = await running.reach();
    socket.write(await head(running, 14, EXPECT));
    expect(await statusOf(socket)).toBe(100);
    socket.write('{"name":"you"}');
    expect(await statusOf(socket)).toBe(201);
  });

  it.each([
    ['without a token', 401, (text: string) => text.replace(/authorization.*\r\n/, '')],
    ['with a packed body', 415, (text: string) => text.replace('expect:', 'content-encoding: gzip\r\nexpect:')],
  ])('%s is refused without being told to', async (_name, status, change) => {
    const running = await start({});
    const socket = await running.reach();
    socket.write(change(await head(running, 14, EXPECT)));
    expect(await statusOf(socket)).toBe(status);
  });
});

describe('a client that does not read its answer', () => {
  it('is cut off', async () => {
    const { reach, stage } = await start({}, { unreadTimeoutMs: 300 });
    const socket = await reach();
    socket.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
    await stage.closed.promise;
  });

  it('and one whose answer takes long to make is not', async () => {
    const { reach, stage } = await start({}, { unreadTimeoutMs: 100 });
    const socket = await reach();
    const answer = all(socket);
    // Behind an answer, so that the time for that one is still running.
    socket.write('GET /open/you HTTP/1.1\r\nhost: x\r\n\r\nGET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await pause(500);
    stage.release.resolve();
    expect(await answer).toContain('done');
  });
});
