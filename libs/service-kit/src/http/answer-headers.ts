import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

const ID = Symbol('cap.request-id');

/** A caller's well-formed X-Request-Id, else a new one; the same one on every call. */
export function requestId(request: Pick<IncomingMessage, 'headers'> & { [ID]?: string }): string {
  const given = request.headers['x-request-id'];
  return (request[ID] ??= typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID());
}

/** A browser never runs what this API answers; a page of documentation sets its own policy. */
export const securityHeaders = (tls: boolean): Readonly<Record<string, string>> => ({
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  ...(tls ? { 'strict-transport-security': 'max-age=31536000' } : {}),
});
