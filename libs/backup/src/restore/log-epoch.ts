import path from 'node:path';
import { CapError } from '@cap/core';
import { parseCheckpoint, parseOrigin } from '@cap/tlog';
import { FileCheckpointStore, RegistryStore, SqliteDatabase } from '@cap/storage';
import type { Manifest } from '../archive/manifest.js';

/** A known checkpoint: its epoch, its size, and the signed note. */
export interface KnownCheckpoint {
  epoch: number;
  size: number;
  note: string;
}

/** Throws CapError note.malformed, checkpoint.malformed, checkpoint.origin. */
export function readCheckpoint(note: string, place: string): KnownCheckpoint {
  const { origin, size } = parseCheckpoint(note, place);
  return { epoch: parseOrigin(origin).epoch, size, note };
}

const checkpointsOf = (directory: string) => new FileCheckpointStore(path.join(directory, 'checkpoints'));

/** The checkpoints that a data directory keeps beside its database; unreadable ones are ignored. */
export async function checkpointsIn(directory: string): Promise<KnownCheckpoint[]> {
  const store = checkpointsOf(directory);
  const known: KnownCheckpoint[] = [];
  for (const epoch of await store.epochs()) {
    const note = await store.read(epoch);
    try {
      if (note !== null) known.push(readCheckpoint(note, `checkpoint of epoch ${epoch}`));
    } catch (error) {
      if (!(error instanceof CapError)) throw error;
    }
  }
  return known;
}

/** Writes the archive's checkpoint beside the restored database, where fsck finds it. */
export async function writeCheckpoint(directory: string, { epoch, checkpoint }: Manifest): Promise<void> {
  if (checkpoint !== null) await checkpointsOf(directory).write(epoch, checkpoint);
}

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

/**
 * Starts a new epoch in a restored data directory: what came after the backup is lost here, but may have been signed. The first
 * event names the newest known checkpoint. The epoch's number is the time of the restore in seconds since 1970, or the successor
 * of the newest known epoch if that is larger: two restores of one archive on machines that know nothing of each other must not
 * sign different trees under one origin. Migrates the database to the schema of this version.
 */
export async function startEpoch(
  directory: string,
  known: readonly KnownCheckpoint[],
  now: Date,
): Promise<{ epoch: number; last: KnownCheckpoint | null }> {
  const last = known.reduce<KnownCheckpoint | null>(
    (newest, each) =>
      newest && (newest.epoch > each.epoch || (newest.epoch === each.epoch && newest.size >= each.size))
        ? newest
        : each,
    null,
  );
  const store = new RegistryStore(await SqliteDatabase.open(path.join(directory, 'registry.db'), 'write'), () => now);
  try {
    const { epoch } = await store.startEpoch(last?.note ?? null, Math.max(last?.epoch ?? 0, secondsOf(now) - 1));
    return { epoch, last };
  } finally {
    await store.close();
  }
}
