import { type Readable } from 'node:stream';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { type FastifyInstance } from 'fastify';

export const BLOB_MEDIA_TYPE = 'application/octet-stream';

/** Lets a BLOB's body through unread: the store measures and hashes it while it writes. */
export function acceptBlobBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(BLOB_MEDIA_TYPE, (_request, payload, done) => done(null, payload));
}

/** The pieces of a request body. A reader that stops early leaves the connection whole, so that it can still be answered. */
export const pieces = (body: Readable): AsyncIterable<Uint8Array> => body.iterator({ destroyOnReturn: false });

const BYTES = { type: 'string', format: 'binary' };

/** In the document: the body is the bytes of a BLOB. */
export const BlobBody = () => applyDecorators(ApiConsumes(BLOB_MEDIA_TYPE), ApiBody({ schema: BYTES }));

/** In the document: the answer is bytes, or the range of them that was asked for. */
export const BlobAnswer = () =>
  applyDecorators(
    ApiProduces(BLOB_MEDIA_TYPE),
    ApiHeader({ name: 'range', required: false, description: 'One range of bytes' }),
    ApiResponse({ status: 200, description: 'All bytes', schema: BYTES }),
    ApiResponse({ status: 206, description: 'The range', schema: BYTES }),
    ApiResponse({ status: 416, description: 'The range lies outside' }),
  );
