import type { Readable } from 'node:stream';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { type BodyType, Consumes } from '@cap/service-kit';

/** A BLOB: the handler gets the stream, which the store measures and hashes while it writes. */
export const BLOB_BODY: BodyType = { mediaType: 'application/octet-stream' };

/** The pieces of a request body. A reader that stops early leaves the connection whole, so that it can still be answered. */
export const pieces = (body: Readable): AsyncIterable<Uint8Array> => body.iterator({ destroyOnReturn: false });

const BYTES = { type: 'string', format: 'binary' };

/** The body is the bytes of a BLOB. */
export const BlobBody = () => applyDecorators(Consumes(BLOB_BODY), ApiBody({ schema: BYTES }));

/** In the document: the answer is bytes, or the range of them that was asked for. */
export const BlobAnswer = () =>
  applyDecorators(
    ApiProduces(BLOB_BODY.mediaType),
    ApiHeader({ name: 'range', required: false, description: 'One range of bytes' }),
    ApiResponse({ status: 200, description: 'All bytes', schema: BYTES }),
    ApiResponse({ status: 206, description: 'The range', schema: BYTES }),
    ApiResponse({ status: 416, description: 'The range is outside the BLOB' }),
  );
