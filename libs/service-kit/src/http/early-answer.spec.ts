import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import Fastify from 'fastify';
import { type Greeter, greeter, testdata } from '../greeter.fixture.js';
import { lingerAfterEarlyAnswer } from './early-answer.js';

/** More than the buffers of a loopback connection hold. */
const BODY_BYTES = 20_000_000;
const PIECE = Buffer.alloc(100_000, '0');

/** A client that reads nothing before all is sent. Rejects when it can't send all. */
async function sendAll(socket: Socket, head: string, bytes = BODY_BYTES): Promise<void> {
  socket.write(`POST /greetings HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n${head}\r\n`);
  const closed = once(socket, 'close').then(() => Promise.reject(new Error('closed')));
  const flow = async () => {
    for (let sent = 0; sent < bytes; sent += PIECE.length) if (!socket.write(PIECE)) await once(socket, 'drain');
  };
  await Promise.race([flow(), closed]);
  closed.catch(() => undefined); // later it may
}

/** What came until `marker`, or until the end. */
async function answer(socket: Socket, marker?: string): Promise<string> {
  let text = '';
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    text += String(piece);
    if (marker !== undefined && text.includes(marker)) break;
  }
  return text;
}

describe.each([
  ['plain', false],
  ['TLS', true],
])('an answer before the end of the body (%s)', (_name, secure) => {
  let running: Greeter;
  let reach: () => Promise<Socket>;
  beforeAll(async () => {
    const tls = { mode: 'tls', cert: testdata('first.crt'), key: testdata('first.key') };
    running = await greeter(secure ? { server: { bind: '127.0.0.1:0', management_bind: '127.0.0.1:0' }, tls } : {});
    const { hostname: host, port } = new URL((await running.service.listen()).api);
    const to = { host, port: Number(port) };
    reach = async () => {
      const socket = secure ? connectTls({ ...to, ca: readFileSync(testdata('first.crt')) }) : connectTcp(to);
      await once(socket, secure ? 'secureConnect' : 'connect');
      return socket;
    };
  });
  afterAll(() => running?.service.stop());

  it.each([
    ['of a body that is too large', 'content-type: application/json\r\n', '413'],
    ['of a caller without a token', 'content-type: text/plain\r\n', '401'],
    ['of a packed body', 'content-type: application/json\r\ncontent-encoding: gzip\r\n', '415'],
  ])(
    '%s reaches a client that sends all of it first, and the connection closes if it asked for that',
    async (_of, head, status) => {
      const socket = await reach();
      const token = status === '401' ? '' : `authorization: Bearer ${await running.issuer.token()}\r\n`;
      await sendAll(socket, `${head}${token}connection: close\r\n`);
      const text = await answer(socket);
      expect(text.split('\r\n')[0]).toContain(status);
      expect(text).toMatch(/"code":"[a-z]+\.[a-z-]+".*\}$/);
    },
  );

  it.each([
    ['of a caller without a token', '', '401'],
    ['of a body that is too large', 'authorization', '413'],
  ])('%s leaves the connection for the next request', async (_of, header, status) => {
    const socket = await reach();
    const token = header && `${header}: Bearer ${await running.issuer.token()}\r\n`;
    await sendAll(socket, `content-type: application/json\r\n${token}`);
    socket.write('GET /open/you HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const text = await answer(socket);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`, 'HTTP/1.1 200']);
    expect(text).toContain('{"hello":"you"}');
  });

  it('comes while the client still sends; one that goes away then ends nothing else', async () => {
    const socket = await reach();
    socket.write(
      `POST /greetings HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`,
    );
    expect(await answer(socket, '}')).toContain('401');
    socket.destroy();
    const next = await reach();
    next.write('GET /open/you HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(await answer(next)).toContain('{"hello":"you"}');
  });

  it.each(['POST /nowhere', 'PUT /greetings', 'QUERY /greetings', 'QUERY /nowhere'])(
    '%s has its answer before a body that no route takes was read',
    async (line) => {
      const socket = await reach();
      socket.write(`${line} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`);
      expect(await answer(socket, '}')).toMatch(/^HTTP\/1\.1 40[45] /);
      socket.destroy();
    },
  );

  it('is the only one, whatever else comes in the place of its body', async () => {
    const socket = await reach();
    socket.write('POST /greetings HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n');
    const first = await answer(socket, '}');
    expect(first).toContain('401');
    socket.write('no chunk\r\n\r\n');
    expect(await answer(socket)).toBe('');
  });
});

it('a client that never ends is cut off', async () => {
  const fastify = Fastify();
  fastify.addHook('onSend', ({ raw }, reply, _payload, done) => {
    lingerAfterEarlyAnswer(raw, reply, 200);
    done();
  });
  fastify.post('/greetings', (_request, reply) => reply.send('never'));
  const { port } = new URL(await fastify.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connectTcp(Number(port), '127.0.0.1');
  socket.write('POST /greetings HTTP/1.1\r\nhost: x\r\ncontent-type: x/y\r\ncontent-length: 1000\r\n\r\n');
  socket.write('x'); // and nothing more
  expect(await answer(socket)).toContain('415');
  await fastify.close();
});
