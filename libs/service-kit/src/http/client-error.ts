import { METHODS, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { CapError } from '@cap/core';
import { PROBLEM_MEDIA_TYPE } from '@cap/contracts';
import { headersOf, toBody } from '../problems/problem.js';

/** Fastify types the packet as the JSON of a buffer; Node gives the buffer. */
export type ParserError = Error & { code?: string; rawPacket?: unknown };

/** The first bytes of what the parser refused, as text. */
const packetOf = ({ rawPacket }: ParserError, bytes: number): string =>
  Buffer.isBuffer(rawPacket) ? rawPacket.subarray(0, bytes).toString('latin1') : '';

/** How long a client may keep sending what is no longer read before the socket is destroyed. */
const LINGER_MS = 1_000;

/** Node's own limit of a request's head, http.maxHeaderSize. */
const HEADER_BYTES = 16_384;

/** The problem for bytes that Node's parser refused; null if the other end can't read an answer. */
export function clientProblem(error: ParserError): CapError | null {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      // A token that does not fit the header limit is an invalid token, as one that fits would be.
      if (/\r\nauthorization:[^\r\n]*$/i.test(packetOf(error, HEADER_BYTES)))
        return new CapError('auth.invalid', 'The access token is not valid.', {
          headers: { 'www-authenticate': 'Bearer realm="cap", error="invalid_token"' },
        });
      return new CapError('request.too-large', 'The headers are larger than 16 KiB.', { status: 431 });
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new CapError('request.too-large', 'The chunk extensions are larger than 16 KiB.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new CapError('timeout', 'The request was not sent in time.', { status: 408 });
  }
  // A reset connection, or a failed TLS handshake, which https reports through the same event.
  if (error.code?.startsWith('HPE_') !== true) return null;
  return new CapError('request.schema', 'This is not an HTTP request.');
}

/** The method that a packet begins with, if Node knows it: it becomes a metric label, and the sender chooses the bytes. */
export function methodOf(error: ParserError): string {
  const word = /^[A-Z-]+(?= )/.exec(packetOf(error, 20))?.[0];
  return word !== undefined && METHODS.includes(word) ? word : 'unknown';
}

/** Writes an answer directly to the socket, where Node has created no response, and ends the connection. */
export function refuse(
  socket: Duplex,
  problem: CapError,
  requestId: string,
  fixed: Readonly<Record<string, string>>,
): void {
  const body = JSON.stringify(toBody(problem, requestId));
  const headers = {
    ...fixed,
    ...headersOf(problem),
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head.join('')}\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
