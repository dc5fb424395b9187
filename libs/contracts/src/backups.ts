import { digest, kid, instant } from '@cap/core';
import { z } from 'zod';
import { count } from './scalars.js';

/** Something that should have been saved and is not in the archive. */
const omission = z.object({
  path: z.string(),
  /**
   * private: it contains a secret, and the archive is not encrypted; corrupt, missing: a BLOB that the registry has lost; the other
   * kinds can't be saved at all.
   */
  reason: z.enum(['private', 'linked-directory', 'special-file', 'name', 'corrupt', 'missing']),
});
export type Omission = z.infer<typeof omission>;

/** A valid backup: its archive was read back and verified before it got its name. */
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
    incomplete: z.array(omission),
  })
  .meta({ id: 'BackupRecord' });
export type BackupRecord = z.infer<typeof backupRecord>;

const registryFault = z.object({
  /** What is wrong: `database`, `event 17`, `entry <id>`, `BLOB 0x…`, … */
  object: z.string(),
  message: z.string(),
});
export type RegistryFault = z.infer<typeof registryFault>;

/** How the backup was found once it was restored. */
const drill = z
  .object({
    ok: z.boolean(),
    /** The first one first. */
    faults: z.array(registryFault),
    kid,
    created_at: instant,
    log_size: count,
    head_digest: digest,
    newest_event_at: instant.nullable(),
    entries: count,
    blobs: count,
    /** Bytes of the restored files. */
    bytes: count,
    /** How much would be lost if everything but this backup were gone now: seconds since it was made. */
    rpo_seconds: z.number(),
    /** How long it took to restore and to check everything. */
    rto_seconds: z.number(),
  })
  .meta({ id: 'Drill' });
export type Drill = z.infer<typeof drill>;

/** Answer of POST /v1/backups: the record, how its drill went, and the backups that retention removed. */
export const backupMade = backupRecord.extend({ drill, removed: z.array(z.string()) }).meta({ id: 'BackupMade' });
export type BackupMade = z.infer<typeof backupMade>;

/** Answer of GET /v1/backups, newest first; `strange` lists files that look like backups but aren't valid ones. */
export const backupList = z
  .object({ items: z.array(backupRecord), strange: z.array(z.object({ name: z.string(), why: z.string() })) })
  .meta({ id: 'BackupList' });
