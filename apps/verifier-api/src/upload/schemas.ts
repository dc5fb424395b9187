import { count, jsonValue } from '@cap/contracts';
import { digest } from '@cap/core';
import { z } from 'zod';

/** The one part of the form of POST /proof/upload. */
export const UPLOAD_FIELD = 'file';
export const uploadForm = z
  .strictObject({ [UPLOAD_FIELD]: z.file().meta({ description: 'The bundle' }) })
  .meta({ id: 'UploadForm' });

/** Answer of POST /proof/upload */
export const uploaded = z
  .object({
    bundle_id: digest.meta({ description: 'The same bytes have the same id' }),
    manifest: jsonValue.meta({ description: 'Null if the bundle has none that is JSON' }),
    proof_base64: z.base64().nullable().meta({ description: 'Null above 10 MB, and if the bundle has none' }),
    company_commitment_root: jsonValue,
    package_info: z.object({
      size_bytes: count,
      file_count: count,
      files: z.array(z.object({ name: z.string(), size: count })),
    }),
  })
  .meta({ id: 'Upload' });
export type Uploaded = z.infer<typeof uploaded>;
