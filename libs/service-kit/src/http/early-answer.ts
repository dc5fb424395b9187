import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';

const REQUEST_TIMEOUT = 408;
/** How long to drain the rest of an unwanted body; nginx waits as long before it cuts. */
const LINGER_MS = 30_000;

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Call this before the head of an answer is written. Closing a connection while the client is still sending resets it, and the
 * client may lose the answer, or a proxy turn it into 502. So after an answer that is sent before the body has arrived, the rest
 * of the body is read and discarded, and only then is the connection closed, if it was to be (RFC 9112, section 9.6).
 */
export function lingerAfterEarlyAnswer(request: IncomingMessage, reply: FastifyReply, milliseconds = LINGER_MS): void {
  const { socket } = request;
  if (reply.statusCode === REQUEST_TIMEOUT) return; // the client took too long already
  if (request.complete || request.destroyed || !hasBody(request)) return;
  if (!(socket instanceof Socket)) return; // injected
  const close = !reply.raw.shouldKeepAlive;
  reply.header('connection', 'keep-alive'); // with `close` Node destroys the socket as soon as the answer is out
  const late = setTimeout(() => socket.destroy(), milliseconds).unref();
  request.once('close', () => {
    clearTimeout(late);
    if (!close) return;
    if (reply.raw.writableFinished) socket.destroySoon();
    else reply.raw.once('finish', () => socket.destroySoon());
  });
  request.unpipe();
  request.resume();
}
