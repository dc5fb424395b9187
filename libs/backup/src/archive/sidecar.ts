import { z } from 'zod';
import { jcs } from '@cap/core';
import { readRegularFile } from '@cap/core/files';
import { parseSchema, type Manifest, parseObject, stateShape } from './manifest.js';
import { isArchiveName } from './names.js';
import {
  type ArchiveSigner,
  checkDetached,
  type ExpectedSigner,
  PAYLOAD_TYPES,
  signatureShape,
  signDetached,
} from './signature.js';

/** It lists what was left out; a normal one has a few kilobytes. */
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

/** The plain-text file beside an archive: enough to list backups and to check a copy without opening it. */
export type Sidecar = z.infer<typeof sidecarSchema>;

export function createSidecar(
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
  const value = parseObject(bytes, what, 'backup.sidecar');
  const sidecar = parseSchema(sidecarSchema, value, what, 'backup.sidecar');
  const { signature, ...unsigned } = sidecar;
  checkDetached(PAYLOAD_TYPES.sidecar, jcs(unsigned), signature, signer, what);
  return sidecar;
}

export const readSidecar = async (file: string, signer: ExpectedSigner | null): Promise<Sidecar> =>
  parseSidecar(await readRegularFile(file, MAX_SIDECAR), file, signer);
