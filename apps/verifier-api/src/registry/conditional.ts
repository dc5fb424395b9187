import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha3Text } from '@cap/crypto';

/** The tag of an answer that has no hash of its own: it changes when any member does. */
export const contentTag = (body: object): string => `"${sha3Text(JSON.stringify(body))}"`;

/** RFC 9110 If-None-Match: `*`, or a list of tags compared weakly. */
const knows = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag));

/**
 * Tags an answer, so that the caller, but nobody in between, may keep it and ask whether it is still current. Answers 304 and
 * gives true if the caller has it already: then there is no body to send.
 */
export function answerNotModified(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  const known = knows(request.headers['if-none-match'], etag);
  if (known) reply.status(304);
  return known;
}
