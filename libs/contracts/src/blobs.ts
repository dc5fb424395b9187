import { digest } from '@cap/core';
import { z } from 'zod';
import { pageOf } from './page.js';
import { count } from './scalars.js';

/** PUT /v1/blobs: `upload` is kept 24 h unless something refers to it, `keep` for good. */
export const blobPutQuery = z.strictObject({ retain: z.enum(['upload', 'keep']).default('upload') });
export type Retain = z.infer<typeof blobPutQuery>['retain'];

/** A BLOB's id is `0x` + BLAKE3 of its bytes; size in bytes. */
export const blobRecord = z.object({ blob_id: digest, size: count }).meta({ id: 'BlobRecord' });
export type BlobRecord = z.infer<typeof blobRecord>;
export const blobPage = pageOf(blobRecord).meta({ id: 'BlobPage' });
