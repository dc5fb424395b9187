import { open, stat, unlink } from 'node:fs/promises';
import type { BackupRecord, Omission, SnapshotRecord } from '@cap/contracts';
import { CapError, jcs, isCapError, systemCode } from '@cap/core';
import { publishFile, temporaryName, writeFileDurable } from '@cap/core/files';
import { rfc3339, type Digest, streamingBlake3 } from '@cap/crypto';
import { type Manifest, manifestBytes } from './archive/manifest.js';
import { archiveName, blobPath, DATABASE, MANIFEST, MANIFEST_SIGNATURE, sidecarName } from './archive/names.js';
import { createSidecar } from './archive/sidecar.js';
import { type ArchiveSigner, PAYLOAD_TYPES, signDetached } from './archive/signature.js';
import { signatureFileOf, verifyArchive } from './archive/verify.js';
import { ArchiveWriter } from './archive/write.js';
import type { SnapshotSource } from './snapshot-source.js';
import { type SourceFile, sourceFiles, type Sources } from './sources/source-files.js';
import { backupRecord, type BackupTarget } from './target/backup-target.js';

export interface CreateOptions {
  source: SnapshotSource;
  target: BackupTarget;
  sources: Sources;
  signer: ArchiveSigner;
  /** Save private keys and secrets even though nothing is encrypted. */
  allowPlaintextKeys: boolean;
  /** Age recipients. Encryption is not part of this version: naming one is refused. */
  recipients: readonly string[];
  /** Version of this program, for the manifest. */
  version: string;
  now: Date;
  /** Called with the snapshot's id before it is read. */
  onSnapshot?: ((id: string) => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

/** Allowance for headers, padding, manifest and what does not compress. */
const MARGIN_BYTES = 16 * 1024 * 1024;

/**
 * One backup: snapshot, archive under a temporary name, fsync, read back and verify, sidecar, name. It counts once it has its
 * name; an earlier error leaves nothing. Call it inside BackupTarget.withLock.
 * CapError backup.encryption (config), storage.full, backup.blob, backup.blobs-lost, backup.size, backup.readback, backup.source; what
 * the source throws.
 */
export async function createBackup(options: CreateOptions): Promise<BackupRecord> {
  const { source, recipients, signal } = options;
  if (recipients.length > 0)
    throw new CapError(
      'backup.encryption',
      'backup.recipients: archives are not encrypted by this version; no backup is made rather than a plain one',
    );
  signal?.throwIfAborted();
  const snapshot = await source.createSnapshot();
  try {
    await options.onSnapshot?.(snapshot.id);
    return await archive(snapshot, options);
  } finally {
    // A lease that can't be released expires by itself; that is no reason to doubt a verified archive.
    await source.releaseSnapshot(snapshot.id).catch(() => undefined);
  }
}

async function archive(snapshot: SnapshotRecord, options: CreateOptions): Promise<BackupRecord> {
  const { target, signer } = options;
  await assertFreeSpace(target, snapshot);
  const created = await unusedTimestamp(target, options.now);
  const name = archiveName(created);
  const temporary = temporaryName(target.directory);
  try {
    const { manifest, ...written } = await writeArchive(temporary, created, snapshot, options);
    const read = await verifyArchive(temporary, { signer: signer.publicKey, signal: options.signal });
    if (read.size !== written.size || read.sha3_256 !== written.sha3_256)
      throw new CapError('backup.readback', `${temporary}: the bytes read back differ from those written`);
    const sidecar = createSidecar({ name, ...written }, manifest, signer);
    // The sidecar first, so that an archive under its final name is complete. A crash in between leaves a sidecar alone, which
    // is ignored and removed by the next run.
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
  snapshot: SnapshotRecord,
  { source, sources, signer, allowPlaintextKeys, version, signal }: CreateOptions,
) {
  const handle = await open(file, 'wx', 0o600);
  try {
    const writer = new ArchiveWriter(handle, created, signal);
    try {
      await writer.add(DATABASE, snapshot.database_size, source.database(snapshot.id));
      const broken = await addBlobs(writer, snapshot, source);
      const others = await addSources(writer, sourceFiles(sources, allowPlaintextKeys));
      const manifest: Manifest = {
        schema: 'cap-backup.v1',
        created_at: rfc3339(created),
        log_size: snapshot.log_size,
        head_digest: snapshot.head_digest,
        epoch: snapshot.epoch,
        checkpoint: snapshot.checkpoint,
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

/** BLOBs up to this size are buffered until their hash is known; larger ones are read twice. */
const BUFFERED_BYTES = 8 * 1024 * 1024;
/** With more than these, the cause is not the single BLOBs. */
const MAX_BROKEN = 10_000;

/**
 * Each BLOB's bytes must hash to its name: what a registry returns wrongly is not saved as if it were right. A broken one is left
 * out and named, since all the others are worth saving, now more than ever.
 */
async function addBlobs(writer: ArchiveWriter, snapshot: SnapshotRecord, source: SnapshotSource): Promise<Omission[]> {
  const broken: Omission[] = [];
  let count = 0;
  for await (const { blob_id, size } of source.blobs(snapshot.id)) {
    const name = blobPath(blob_id);
    const read = await readBlob(source.blob(snapshot.id, blob_id), blob_id, size);
    if (typeof read === 'string') broken.push({ path: name, reason: read });
    else await writer.add(name, size, read ?? rereadBlob(source.blob(snapshot.id, blob_id), blob_id));
    count++;
    if (broken.length > MAX_BROKEN)
      throw new CapError(
        'backup.blobs-lost',
        `more than ${MAX_BROKEN} BLOBs are broken, ${blob_id} among them: is the BLOB store mounted?`,
      );
  }
  if (count !== snapshot.blobs)
    throw new CapError('backup.blob', `the snapshot has ${snapshot.blobs} BLOBs, ${count} were listed`);
  return broken;
}

/** Its chunks, null if it is intact but too large to be buffered, or what is wrong with it. */
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
      if (size <= BUFFERED_BYTES) pieces.push(piece);
    }
  } catch (error) {
    if (isCapError(error) && error.code === 'blob.corrupt') return 'corrupt';
    if (isCapError(error) && error.code === 'blob.missing') return 'missing';
    throw error;
  }
  if (hash.digest() !== id) return 'corrupt';
  return size <= BUFFERED_BYTES ? pieces : null;
}

/** Reads a BLOB again that was intact the first time. */
async function* rereadBlob(body: AsyncIterable<Uint8Array>, id: Digest): AsyncGenerator<Uint8Array> {
  const hash = await streamingBlake3();
  for await (const piece of body) {
    hash.update(piece);
    yield piece;
  }
  const found = hash.digest();
  if (found !== id) throw new CapError('backup.blob', `BLOB ${id}: the bytes received have the hash ${found}`);
}

async function addSources(writer: ArchiveWriter, files: AsyncIterable<SourceFile>): Promise<Omission[]> {
  const incomplete: Omission[] = [];
  for await (const file of files)
    if ('omitted' in file) incomplete.push({ path: file.path, reason: file.omitted });
    else await writer.add(file.path, file.bytes.length, [file.bytes]);
  return incomplete;
}

async function assertFreeSpace(target: BackupTarget, snapshot: SnapshotRecord): Promise<void> {
  const needed = snapshot.database_size + snapshot.blob_bytes + MARGIN_BYTES;
  const free = await target.freeBytes();
  if (free < needed)
    throw new CapError('storage.full', `${target.directory}: a backup may need ${needed} bytes, ${free} are free`);
}

/** Names have a resolution of one second; another backup within the same second gets the next free one. */
async function unusedTimestamp(target: BackupTarget, now: Date): Promise<Date> {
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
