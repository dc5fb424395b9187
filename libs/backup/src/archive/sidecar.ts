import { z } from 'zod';
import { jcs, readRegularFile } from '@cap/core';
import { checkShape, type Manifest, parseRefusing, stateShape } from './manifest.js';
import { isArchiveName } from './names.js';
import {
  type ArchiveSigner,
  checkDetached,
  type ExpectedSigner,
  PAYLOAD_TYPES,
  signatureShape,
  signDetached,
} from './signature.js';

/** It names at most what was left out; a real one has some kilobytes. */
const MAX_SIDECAR = 16 * 1024 * 1024;

const digest = stateShape.head_digest;

const sidecarSchema = z.strictObject({
  schema: z.literal('cap-backup-sidecar.v1'),
  archive: z.string().refine(isArchiveName, { error: 'not the name of an archive' }),
  /** Bytes of the archive, and their hash. */
  size: z.int().nonnegative(),
  sha3_256: digest,
  ...stateShape,
  /** Over the JCS of everything else. */
  signature: signatureShape,
});

/** What stands beside an archive, in plain text: enough to list backups and to check a copy without opening it. */
export type Sidecar = z.infer<typeof sidecarSchema>;

export function makeSidecar(
  archive: { name: string; size: number; sha3_256: Sidecar['sha3_256'] },
  { created_at, log_size, head_digest, epoch, checkpoint, versions, incomplete }: Manifest,
  signer: ArchiveSigner,
): Sidecar {
  const unsigned = {
    schema: 'cap-backup-sidecar.v1' as const,
    archive: archive.name,
    size: archive.size,
    sha3_256: archive.sha3_256,
    created_at,
    log_size,
    head_digest,
    epoch,
    checkpoint,
    versions,
    incomplete,
  };
  return { ...unsigned, signature: signDetached(PAYLOAD_TYPES.sidecar, jcs(unsigned), signer) };
}

/** CapError backup.sidecar, backup.version, backup.signer, backup.signature (all refused). */
export function parseSidecar(bytes: Uint8Array, what: string, signer: ExpectedSigner | null): Sidecar {
  const value = parseRefusing(bytes, what, 'backup.sidecar');
  const sidecar = checkShape(sidecarSchema, value, what, 'backup.sidecar');
  const { signature, ...unsigned } = sidecar;
  checkDetached(PAYLOAD_TYPES.sidecar, jcs(unsigned), signature, signer, what);
  return sidecar;
}

export const readSidecar = async (file: string, signer: ExpectedSigner | null): Promise<Sidecar> =>
  parseSidecar(await readRegularFile(file, MAX_SIDECAR), file, signer);
