import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Drill } from '@cap/contracts';
import { OwnerLock, verifyRegistry } from '@cap/storage';
import type { ExpectedSigner } from '../archive/signature.js';
import { brokenBlobs } from '../archive/manifest.js';
import { verifyArchive } from '../archive/verify.js';
import { SCRATCH_PREFIX } from '../target/backup-target.js';
import { writeCheckpoint } from './log-epoch.js';
import { unpack } from './unpack.js';

const MAX_FAULTS = 100;

/**
 * Proves that a backup can be restored, by restoring it: into a scratch directory below `scratch` (default: beside the
 * archive), every file compared with the manifest, SQLite's own check, then everything in the registry derived again.
 * The scratch directory is removed whatever happens. CapError refused for faults of the archive; faults of the registry in
 * it are the result.
 */
export async function drillArchive(
  archive: string,
  {
    signer,
    now,
    scratch,
    signal,
  }: { signer: ExpectedSigner | null; now: Date; scratch?: string | undefined; signal?: AbortSignal | undefined },
): Promise<Drill> {
  const started = performance.now();
  const below = scratch ?? path.dirname(path.resolve(archive));
  const directory = await mkdtemp(path.join(below, SCRATCH_PREFIX));
  let lock: OwnerLock | undefined;
  try {
    lock = await OwnerLock.acquire(directory, 'cap backup drill'); // so that it is not taken for a leftover
    const restored = path.join(directory, 'restored');
    await mkdir(restored);
    const expected = signer ?? (await verifyArchive(archive, { signer: null })).kid;
    const { manifest, kid } = await unpack(archive, restored, {
      signer: expected,
      durable: false,
      owner: null,
      signal,
    });
    await writeCheckpoint(restored, manifest);
    // What the archive itself declares as left out is not a fault.
    const leftOut = new Set(brokenBlobs(manifest.incomplete).map(({ blob_id }) => `BLOB ${blob_id}`));
    const registry = await verifyRegistry(restored, {
      maxFaults: MAX_FAULTS + leftOut.size,
      onProgress: () => signal?.throwIfAborted(),
    });
    signal?.throwIfAborted();
    const faults = registry.faults.filter(({ object }) => !leftOut.has(object));
    if (registry.log_size !== manifest.log_size || registry.head_digest !== manifest.head_digest)
      faults.push({
        object: 'log',
        message: `ends with event ${registry.log_size - 1} (${registry.head_digest}), the manifest says ${manifest.log_size - 1} (${manifest.head_digest})`,
      });
    return {
      ok: faults.length === 0,
      faults,
      kid,
      created_at: manifest.created_at,
      log_size: registry.log_size,
      head_digest: registry.head_digest,
      newest_event_at: registry.newest_event_at,
      entries: registry.entries,
      blobs: registry.blobs,
      bytes: manifest.files.reduce((sum, { size }) => sum + size, 0),
      rpo_seconds: Math.max(0, Math.round((now.getTime() - Date.parse(manifest.created_at)) / 1000)),
      rto_seconds: Math.round(performance.now() - started) / 1000,
    };
  } finally {
    lock?.release();
    await rm(directory, { recursive: true, force: true });
  }
}
