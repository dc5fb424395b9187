import { z } from 'zod';
import type { Omission } from '@cap/contracts';
import { type ErrorCode, CapError, digest, instant, jcs, type JsonObject, parseJson } from '@cap/core';
import { pathFault } from './names.js';

const count = z.int().nonnegative();

const omission = z.strictObject({
  path: z.string(),
  reason: z.enum(['private', 'linked-directory', 'special-file', 'name', 'corrupt', 'missing']),
}) satisfies z.ZodType<Omission>;

/** The BLOBs that the registry had lost, or that had changed. */
export const brokenBlobs = (incomplete: readonly Omission[]): { blob_id: string; code: ErrorCode }[] =>
  incomplete.flatMap(({ path, reason }) =>
    reason === 'corrupt' || reason === 'missing'
      ? [{ blob_id: `0x${path.split('/').at(-1)}`, code: `blob.${reason}` }]
      : [],
  );

const file = z.strictObject({
  path: z.string().refine((path) => pathFault(path) === null, { error: 'not a path of a backup' }),
  /** Bytes. */
  size: count,
  sha3_256: digest,
});
export type ManifestFile = z.infer<typeof file>;

/** What manifest and sidecar both say of the registry's state. */
export const stateShape = {
  created_at: instant,
  log_size: count,
  head_digest: digest,
  /** Epoch of the log; a restore starts a new one. */
  epoch: z.int().min(1),
  /** A checkpoint of the log as a signed note; null if it was never signed. */
  checkpoint: z.string().nullable(),
  versions: z.strictObject({ cap: z.string().min(1).max(64) }),
  incomplete: z.array(omission),
};

const manifestSchema = z.strictObject({
  schema: z.literal('cap-backup.v1'),
  ...stateShape,
  /** In archive order: everything but manifest.json and its signature. */
  files: z.array(file),
});

/** manifest.json of an archive, format cap-backup.v1. Written as JCS. */
export type Manifest = z.infer<typeof manifestSchema>;

export const manifestBytes = (manifest: Manifest): Buffer => jcs(manifest);

/** CapError backup.version for a newer format, backup.manifest for anything else that is not cap-backup.v1. */
export function parseManifest(bytes: Uint8Array, archive: string): Manifest {
  const value = parseObject(bytes, `${archive}: manifest.json`, 'backup.manifest');
  return parseSchema(manifestSchema, value, `${archive}: manifest.json`, 'backup.manifest');
}

export function parseObject(bytes: Uint8Array, what: string, code: ErrorCode): JsonObject {
  try {
    const value = parseJson(bytes, what, Infinity); // as many files as a registry has BLOBs
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new CapError(code, `${what}: not a JSON object`);
    return value;
  } catch (cause) {
    throw new CapError(code, (cause as Error).message, { cause });
  }
}

/** CapError backup.version for a schema name that differs only in its number. */
export function parseSchema<T extends z.ZodType<{ schema: string }>>(
  shape: T & { shape: { schema: z.ZodLiteral<string> } },
  value: JsonObject,
  what: string,
  code: ErrorCode,
): z.infer<T> {
  const known = [...shape.shape.schema.values][0]!;
  const family = known.replace(/v\d+$/, 'v');
  if (typeof value['schema'] === 'string' && value['schema'].startsWith(family) && value['schema'] !== known)
    throw new CapError(
      'backup.version',
      `${what}: ${value['schema'].slice(0, 80)} is not a version that this program can read (${known})`,
    );
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new CapError(code, `${what}: ${path.join('.')}: ${message}`);
  }
  return parsed.data;
}
