import type { IncomingHttpHeaders } from 'node:http';

/** Longer than any token that an issuer makes, shorter than what is worth hashing. */
const MAX_LENGTH = 8192;

/** The token of `Authorization: Bearer …`; null without one, or if the header holds something else. */
export function bearerToken({ headers }: { headers: IncomingHttpHeaders }): string | null {
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(headers.authorization ?? '')?.[1];
  return token !== undefined && token.length <= MAX_LENGTH ? token : null;
}
