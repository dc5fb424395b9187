import { digest } from '@cap/core';
import { z } from 'zod';
import { count } from './scalars.js';

/** GET /v1/status */
export const registryStatus = z
  .object({
    version: z.string(),
    log_size: count,
    /** Digest of the newest event; zeros for an empty log. */
    head_digest: digest,
    entries: count,
    blob_bytes: count,
  })
  .meta({ id: 'RegistryStatus' });
export type RegistryStatus = z.infer<typeof registryStatus>;
