import { digest, instant } from '@cap/core';
import { z } from 'zod';
import { count } from './scalars.js';

/** A lease on one consistent state: the database as of log_size events, and the BLOBs that it refers to. */
export const snapshotRecord = z
  .object({
    id: z.uuid(),
    log_size: count,
    /** Digest of the event log_size - 1. */
    head_digest: digest,
    expires_at: instant,
    /** Epoch of the log. */
    epoch: z.int().min(1),
    /** The signed note of the tree of log_size events; null if the registry signs nothing. */
    checkpoint: z.string().nullable(),
    /** Bytes. */
    database_size: count,
    /** Number of BLOBs, and their bytes. */
    blobs: count,
    blob_bytes: count,
  })
  .meta({ id: 'Snapshot' });
export type SnapshotRecord = z.infer<typeof snapshotRecord>;
