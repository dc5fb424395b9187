import { type Readable } from 'node:stream';
import { type FastifyInstance } from 'fastify';

export const BLOB_MEDIA_TYPE = 'application/octet-stream';

/** Lets a BLOB's body through unread: the store measures and hashes it while it writes. */
export function acceptBlobBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(BLOB_MEDIA_TYPE, (_request, payload, done) => done(null, payload));
}

/** The pieces of a request body. A reader that stops early leaves the connection whole, so that it can still be answered. */
export const pieces = (body: Readable): AsyncIterable<Uint8Array> => body.iterator({ destroyOnReturn: false });
