import { digest, kid, instant } from '@cap/core';
import { z } from 'zod';
import { count } from './scalars.js';

/** One backup, as the backup worker lists it. */
const backupRecord = z
  .object({
    name: z.string(),
    created_at: instant,
    size_bytes: count,
    sha3_256: digest,
    log_size: count,
    head_digest: digest,
    /** Id of the key that signed it. */
    kid,
    /** What was left out, and why. */
    incomplete: z.array(z.object({ path: z.string(), reason: z.string() })),
  })
  .meta({ id: 'BackupRecord' });

/** How the restored backup was found. */
const drill = z
  .object({
    ok: z.boolean(),
    /** The first one first. */
    faults: z.array(z.object({ object: z.string(), message: z.string() })),
    kid,
    created_at: instant,
    log_size: count,
    head_digest: digest,
    newest_event_at: instant.nullable(),
    entries: count,
    blobs: count,
    /** Bytes of the restored files. */
    bytes: count,
    rpo_seconds: z.number(),
    rto_seconds: z.number(),
  })
  .meta({ id: 'Drill' });

/** Answer of POST /v1/backups: the record, how its drill went, and the backups that retention removed. */
export const backupMade = backupRecord.extend({ drill, removed: z.array(z.string()) }).meta({ id: 'BackupMade' });

/** Answer of GET /v1/backups, newest first; `strange` look like backups and are none. */
export const backupList = z
  .object({ items: z.array(backupRecord), strange: z.array(z.object({ name: z.string(), why: z.string() })) })
  .meta({ id: 'BackupList' });
