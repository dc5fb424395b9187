import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { type Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE } from '@cap/contracts';
import { ProblemError, toBody } from '../problems/problem.js';

type ParserError = Error & { code?: string; rawPacket?: Buffer };

/** How long a client may go on sending what nobody reads before the socket is destroyed. */
const LINGER_MS = 1_000;

/** The problem for bytes that Node's parser refused before there was a request. */
export function clientProblem(error: ParserError): ProblemError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    // A token that does not fit the header limit is an invalid token, as one that fits would be.
    const last = [...(error.rawPacket?.toString('latin1').matchAll(/\r\n([A-Za-z-]+):/g) ?? [])].at(-1)?.[1];
    if (last?.toLowerCase() === 'authorization')
      return new ProblemError('auth.invalid', 'The access token is not valid.', {
        headers: { 'www-authenticate': 'Bearer realm="cap", error="invalid_token"' },
      });
    return new ProblemError('request.too-large', 'The headers are larger than 16 KiB.', { status: 431 });
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ProblemError('timeout', 'The request was not sent in time.', { status: 408 });
  return new ProblemError('request.schema', 'This is not an HTTP request.');
}

/** Listener of a server's `clientError`: answers as a problem and ends the connection. */
export function answerClientError(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = clientProblem(error);
  const requestId = randomUUID();
  const body = JSON.stringify(toBody(problem, requestId));
  const headers = {
    ...problem.headers,
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head.join('')}\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
