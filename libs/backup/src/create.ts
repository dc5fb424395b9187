import { open, stat, unlink } from 'node:fs/promises';
import { CapError, jcs, publishFile, isCapError, systemCode, temporaryName, writeFileDurable } from '@cap/core';
import { rfc3339, type Digest, streamingBlake3 } from '@cap/crypto';
import { type Manifest, manifestBytes, type Omission } from './archive/manifest.js';
import { archiveName, blobPath, DATABASE, MANIFEST, MANIFEST_SIGNATURE, sidecarName } from './archive/names.js';
import { makeSidecar } from './archive/sidecar.js';
import { type ArchiveSigner, PAYLOAD_TYPES, signDetached } from './archive/signature.js';
import { signatureFileOf, verifyArchive } from './archive/verify.js';
import { ArchiveWriter } from './archive/write.js';
import { type SnapshotLease, type SnapshotSource } from './snapshot-source.js';
import { type SourceFile, sourceFiles, type Sources } from './sources/source-files.js';
import { type BackupRecord, backupRecord, type BackupTarget } from './target/backup-target.js';

export interface CreateOptions {
  source: SnapshotSource;
  target: BackupTarget;
  sources: Sources;
  signer: ArchiveSigner;
  /** Save private keys and secrets although nothing is encrypted. */
  allowPlaintextKeys: boolean;
  /** Age recipients. Encryption is not part of this version: naming one is refused. */
  recipients: readonly string[];
  /** Version of this program, for the manifest. */
  version: string;
  now: Date;
  /** Told of the snapshot before it is read. */
  leased?: ((id: string) => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

/** Room for headers, padding, manifest and what does not compress. */
const SPARE_BYTES = 16 * 1024 * 1024;

/**
 * One backup: snapshot, archive under a temporary name, fsync, read back and verify, sidecar, name. It counts once it has its
 * name; an error before leaves nothing. Call it while holding the target.
 * CapError backup.encryption (config), storage.full, backup.blob, backup.size, backup.source; what the source throws.
 */
export async function createBackup(options: CreateOptions): Promise<BackupRecord> {
  const { source, recipients, signal } = options;
  if (recipients.length > 0)
    throw new CapError(
      'backup.encryption',
      'backup.recipients: archives are not encrypted by this version; no backup is made rather than a plain one',
    );
  signal?.throwIfAborted();
  const lease = await source.lease();
  try {
    await options.leased?.(lease.id);
    return await archive(lease, options);
  } finally {
    // A lease that can't be given back runs out by itself; that is no reason to doubt a verified archive.
    await source.release(lease.id).catch(() => undefined);
  }
}

async function archive(lease: SnapshotLease, options: CreateOptions): Promise<BackupRecord> {
  const { target, signer } = options;
  await refuseWithoutRoom(target, lease);
  const created = await freeTime(target, options.now);
  const name = archiveName(created);
  const temporary = temporaryName(target.directory);
  try {
    const { manifest, ...written } = await writeArchive(temporary, created, lease, options);
    const read = await verifyArchive(temporary, { signer: signer.publicKey, signal: options.signal });
    if (read.size !== written.size || read.sha3_256 !== written.sha3_256)
      throw new CapError('backup.readback', `${temporary}: what was read back is not what was written`);
    const sidecar = makeSidecar({ name, ...written }, manifest, signer);
    // The sidecar first: an archive that has its name has everything. A crash in between leaves a sidecar alone, which
    // counts for nothing and is cleared by the next run.
    await writeFileDurable(target.at(sidecarName(name)), `${jcs(sidecar).toString('utf8')}\n`);
    await publishFile(temporary, target.at(name), { exclusive: true });
    return backupRecord(sidecar);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw diskError(error, target.directory);
  }
}

async function writeArchive(
  file: string,
  created: Date,
  lease: SnapshotLease,
  { source, sources, signer, allowPlaintextKeys, version, signal }: CreateOptions,
) {
  const handle = await open(file, 'wx', 0o600);
  try {
    const writer = new ArchiveWriter(handle, created, signal);
    try {
      await writer.add(DATABASE, lease.database_size, source.database(lease.id));
      const broken = await addBlobs(writer, lease, source);
      const others = await addSources(writer, sourceFiles(sources, allowPlaintextKeys));
      const manifest: Manifest = {
        schema: 'cap-backup.v1',
        created_at: rfc3339(created),
        log_size: lease.log_size,
        head_digest: lease.head_digest,
        epoch: lease.epoch,
        checkpoint: lease.checkpoint,
        versions: { cap: version },
        incomplete: [...broken, ...others],
        files: writer.files,
      };
      const bytes = manifestBytes(manifest);
      await writer.addAbout(MANIFEST, bytes);
      const signature = signDetached(PAYLOAD_TYPES.manifest, bytes, signer);
      await writer.addAbout(MANIFEST_SIGNATURE, jcs(signatureFileOf(signature)));
      const written = await writer.finish();
      await handle.sync();
      return { manifest, ...written };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    await handle.close();
  }
}

/** BLOBs up to this size are held in memory until their hash is known; larger ones are read twice. */
const HELD_BYTES = 8 * 1024 * 1024;
/** With more of them it is not the BLOBs that are broken. */
const MAX_BROKEN = 10_000;

/**
 * Each BLOB's bytes must give its name: what a registry hands out wrongly is not saved as if it were right. One that is broken is
 * left out and named, since all the others are worth saving, now more than ever.
 */
async function addBlobs(writer: ArchiveWriter, lease: SnapshotLease, source: SnapshotSource): Promise<Omission[]> {
  const broken: Omission[] = [];
  let count = 0;
  for await (const { blob_id, size } of source.blobs(lease.id)) {
    const name = blobPath(blob_id);
    const read = await readBlob(source.blob(lease.id, blob_id), blob_id, size);
    if (typeof read === 'string') broken.push({ path: name, reason: read });
    else await writer.add(name, size, read ?? twiceRead(source.blob(lease.id, blob_id), blob_id));
    count++;
    if (broken.length > MAX_BROKEN)
      throw new CapError(
        'backup.blobs-lost',
        `more than ${MAX_BROKEN} BLOBs are broken, ${blob_id} among them: is the place of the BLOBs mounted?`,
      );
  }
  if (count !== lease.blobs)
    throw new CapError('backup.blob', `the snapshot has ${lease.blobs} BLOBs, ${count} were listed`);
  return broken;
}

/** Its pieces, null if it is whole but too large to be held, or what is wrong with it. */
async function readBlob(
  body: AsyncIterable<Uint8Array>,
  id: Digest,
  size: number,
): Promise<Uint8Array[] | null | 'corrupt' | 'missing'> {
  const hash = await streamingBlake3();
  const pieces: Uint8Array[] = [];
  let received = 0;
  try {
    for await (const piece of body) {
      received += piece.length;
      if (received > size) return 'corrupt';
      hash.update(piece);
      if (size <= HELD_BYTES) pieces.push(piece);
    }
  } catch (error) {
    if (isCapError(error) && error.code === 'blob.corrupt') return 'corrupt';
    if (isCapError(error) && error.code === 'blob.missing') return 'missing';
    throw error;
  }
  if (hash.digest() !== id) return 'corrupt';
  return size <= HELD_BYTES ? pieces : null;
}

/** The second reading of a BLOB that was whole at the first. */
async function* twiceRead(body: AsyncIterable<Uint8Array>, id: Digest): AsyncGenerator<Uint8Array> {
  const hash = await streamingBlake3();
  for await (const piece of body) {
    hash.update(piece);
    yield piece;
  }
  const found = hash.digest();
  if (found !== id) throw new CapError('backup.blob', `BLOB ${id}: the bytes that were given have the hash ${found}`);
}

async function addSources(writer: ArchiveWriter, files: AsyncIterable<SourceFile>): Promise<Omission[]> {
  const incomplete: Omission[] = [];
  for await (const file of files)
    if ('omitted' in file) incomplete.push({ path: file.path, reason: file.omitted });
    else await writer.add(file.path, file.bytes.length, [file.bytes]);
  return incomplete;
}

async function refuseWithoutRoom(target: BackupTarget, lease: SnapshotLease): Promise<void> {
  const needed = lease.database_size + lease.blob_bytes + SPARE_BYTES;
  const free = await target.room();
  if (free < needed)
    throw new CapError('storage.full', `${target.directory}: a backup may need ${needed} bytes, ${free} are free`);
}

/** Names count seconds; a second backup within one gets the next free second. */
async function freeTime(target: BackupTarget, now: Date): Promise<Date> {
  for (let second = Math.floor(now.getTime() / 1000); ; second++) {
    const time = new Date(second * 1000);
    try {
      await stat(target.at(archiveName(time)));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return time;
      throw error;
    }
  }
}

function diskError(error: unknown, directory: string): unknown {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new CapError('storage.full', `${directory}: no space left`, { cause: error });
  return error;
}
