import { chown, mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { CapError, systemCode } from '@cap/core';
import { makeDirectoryDurable, syncDirectory } from '@cap/core/files';
import { OwnerLock, ownerOf } from '@cap/storage';
import { DIRECTORY_MODE, stampOf } from '../archive/names.js';
import type { Manifest } from '../archive/manifest.js';
import type { ExpectedSigner } from '../archive/signature.js';
import { verifyArchive } from '../archive/verify.js';
import { startEpoch, checkpointsIn, type KnownCheckpoint, writeCheckpoint, readCheckpoint } from './log-epoch.js';
import { unpack } from './unpack.js';

export interface Restored {
  /** The restored directory: registry.db, blobs/, keys/, config/, certs/. */
  directory: string;
  /** Where the previous tree is kept; null if there was none. */
  kept: string | null;
  kid: string;
  created_at: string;
  /** Seconds between the backup and the restore. */
  age_seconds: number;
  log_size: number;
  head_digest: Manifest['head_digest'];
  /** The log's new epoch. */
  epoch: number;
  /** Size of the newest known log, from the given checkpoint, one beside the old tree or the archive's; null: none is known. */
  last_known_size: number | null;
  /** What the backup does not contain: take it from the kept tree or from another source. */
  incomplete: Manifest['incomplete'];
  files: number;
  bytes: number;
}

const PROGRAM = 'cap backup restore';

/**
 * Replaces a data directory by a backup. Nothing is touched before the signature and every hash are verified. Then:
 *
 *   1. unpack into `.NAME.restoring` beside the target, verifying again, and fsync; start the log's next epoch there
 *                                                                                    a crash leaves that; the next restore clears it
 *   2. take the target's owner lock, so that no registry starts on it
 *   3. rename the target to `NAME.before-restore-…`                                  a crash here: both trees are whole under
 *   4. rename the new tree to the target's name; fsync the parent                    those two names, restore again
 *
 * The whole tree is exchanged, so no stale -wal or -shm and no file newer than the backup survives. CapError refused
 * for the archive's faults, storage.owned (busy) for a directory in use, restore.place for a target that can't be exchanged.
 */
export async function restoreArchive(
  archive: string,
  {
    to,
    signer,
    now,
    checkpoint = null,
  }: { to: string; signer: ExpectedSigner; now: Date; checkpoint?: KnownCheckpoint | null },
): Promise<Restored> {
  const place = await resolveTarget(to);
  assertNotInUse(place.target);
  const first = await verifyArchive(archive, { signer });

  const staging = path.join(path.dirname(place.target), `.${path.basename(place.target)}.restoring`);
  await prepareStaging(staging);
  const locks = [await OwnerLock.acquire(staging, PROGRAM)];
  let kept: string | null = null;
  let log: Awaited<ReturnType<typeof startEpoch>>;
  try {
    const owner = ownerFor(place.found);
    const second = await unpack(archive, staging, { signer, durable: true, owner });
    if (second.sha3_256 !== first.sha3_256)
      throw new CapError('backup.changed', `${archive} was changed while it was restored`);
    await writeCheckpoint(staging, first.manifest);
    const known = [...(place.found ? await checkpointsIn(place.target) : []), ...(checkpoint ? [checkpoint] : [])];
    if (first.manifest.checkpoint !== null) known.push(readCheckpoint(first.manifest.checkpoint, archive));
    log = await startEpoch(staging, known, now);
    // What was created here, the lock file too: otherwise a service could not open it.
    if (owner) for (const file of await createdPaths(staging)) await chown(file, owner.uid, owner.gid);
    if (place.found && (await readdir(place.target)).length > 0) {
      locks.push(await OwnerLock.acquire(place.target, PROGRAM));
      kept = await unusedName(`${place.target}.before-restore-${stampOf(now)}`);
    }
    await swap(staging, place.target, kept);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  } finally {
    for (const lock of locks) lock.release();
  }
  const { manifest, kid } = first;
  return {
    directory: place.target,
    kept,
    kid,
    created_at: manifest.created_at,
    age_seconds: Math.round((now.getTime() - Date.parse(manifest.created_at)) / 1000),
    log_size: manifest.log_size,
    head_digest: manifest.head_digest,
    epoch: log.epoch,
    last_known_size: log.last?.size ?? null,
    incomplete: manifest.incomplete,
    files: manifest.files.length,
    bytes: manifest.files.reduce((sum, { size }) => sum + size, 0),
  };
}

interface RestoreTarget {
  target: string;
  found: Stats | null;
}

/** The target with symbolic links resolved, so that the directory is exchanged and not the link to it. */
async function resolveTarget(to: string): Promise<RestoreTarget> {
  const asked = path.resolve(to);
  let target: string;
  try {
    target = await realpath(asked);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await makeDirectoryDurable(path.dirname(asked), DIRECTORY_MODE);
    return { target: path.join(await realpath(path.dirname(asked)), path.basename(asked)), found: null };
  }
  const found = await stat(target);
  if (!found.isDirectory()) throw new CapError('restore.place', `${target} is not a directory`);
  // A mount point can't be renamed; checked before the work, not after it.
  if ((await stat(path.dirname(target))).dev !== found.dev || path.dirname(target) === target)
    throw new CapError(
      'restore.place',
      `${target} is a mount point, which can't be exchanged; restore to a directory below it and move the content`,
    );
  return { target, found };
}

function assertNotInUse(target: string): void {
  const holder = ownerOf(target);
  if (holder)
    throw new CapError(
      'storage.owned',
      `${target} is in use by ${holder.program}, process ${holder.pid} on ${holder.host}: stop it first`,
      { details: holder },
    );
}

async function prepareStaging(staging: string): Promise<void> {
  assertNotInUse(staging); // another restore to the same target
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: DIRECTORY_MODE });
}

/** root restores for the service's user; any other user only for itself. */
const ownerFor = (found: Stats | null): { uid: number; gid: number } | null =>
  found && process.getuid?.() === 0 ? { uid: found.uid, gid: found.gid } : null;

/** The paths that are not from the archive: the directory itself, its first level, the checkpoints. */
async function createdPaths(staging: string): Promise<string[]> {
  const checkpoints = await readdir(path.join(staging, 'checkpoints')).catch(() => []);
  const names = ['.', ...(await readdir(staging)), ...checkpoints.map((name) => path.join('checkpoints', name))];
  return names.map((name) => path.join(staging, name));
}

async function swap(staging: string, target: string, kept: string | null): Promise<void> {
  if (kept !== null) await rename(target, kept);
  try {
    await rename(staging, target); // replaces an empty directory in one step
  } catch (error) {
    if (kept !== null) await rename(kept, target);
    throw error;
  }
  await syncDirectory(path.dirname(target));
}

async function unusedName(name: string): Promise<string> {
  for (let i = 0; ; i++) {
    const candidate = i === 0 ? name : `${name}-${i}`;
    try {
      await stat(candidate);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return candidate;
      throw error;
    }
  }
}
