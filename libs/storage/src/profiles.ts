/** The two storage profiles: which engine, which stores. Everything above them is the same code. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { S3Location } from '@cap/config';
import { makeDirectoryDurable, removeTemporaries } from '@cap/core/files';
import { FileBlobStore } from './blobs/file-blob-store.js';
import { S3BlobStore } from './blobs/s3-blob-store.js';
import { FileCheckpointStore } from './checkpoints/file-checkpoint-store.js';
import { S3CheckpointStore } from './checkpoints/s3-checkpoint-store.js';
import { OwnerLock } from './database/owner-lock.js';
import { PostgresDatabase } from './database/postgres-database.js';
import type { SqlDatabase } from './database/sql-database.js';
import { SqliteDatabase } from './database/sqlite-database.js';
import { PinnedPaths } from './pinned-paths.js';
import { S3Objects } from './s3/s3-objects.js';
import { DirectorySnapshotFiles, S3SnapshotFiles, type SnapshotFiles } from './snapshot-files/snapshot-files.js';
import type { BlobStore, CheckpointStore } from './stores.js';

/**
 * The embedded profile is an SQLite file, whose directory one process owns, and a directory of BLOBs. The scale-out profile is
 * a postgres:// URL and a bucket, for any number of processes that have no state of their own.
 */
export interface RegistryLocation {
  database: string;
  blobs: string | { s3: S3Location };
}

/** The parts that differ between the profiles, opened. */
export interface Profile {
  database: SqlDatabase;
  blobs: BlobStore;
  checkpoints: CheckpointStore;
  snapshotFiles: SnapshotFiles;
  /** Whether no other process can use the same stores. */
  exclusive: boolean;
  /** Files and directories that must not be moved while they are in use. */
  pinned: PinnedPaths;
  /** Releases what these stores hold. */
  release: () => void;
}

/** Opens what the profile consists of. `program` is named to a second process that wants the same data directory. */
export function openProfile({ database, blobs }: RegistryLocation, program: string): Promise<Profile> {
  return typeof blobs === 'string' ? embedded(database, blobs, program) : scaleOut(database, blobs.s3);
}

async function embedded(database: string, blobs: string, program: string): Promise<Profile> {
  const directory = path.dirname(path.resolve(database));
  const owner = await OwnerLock.acquire(directory, program);
  const release = () => owner.release();
  const checkpoints = path.join(directory, 'checkpoints');
  const pinned = new PinnedPaths();
  try {
    // Temporary files that a crash left may contain a key.
    for (const place of [checkpoints, path.join(directory, 'keys')]) await removeTemporaries(place);
    await makeDirectoryDurable(checkpoints, 0o750);
    const blobStore = await FileBlobStore.open(blobs);
    pinned.add('checkpoints', checkpoints);
    pinned.add('blobs', blobs);
    return {
      database: await SqliteDatabase.open(database, 'write', { pinned }),
      blobs: blobStore,
      checkpoints: new FileCheckpointStore(checkpoints, pinned),
      snapshotFiles: new DirectorySnapshotFiles(path.join(directory, 'snapshots')),
      exclusive: true,
      pinned,
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function scaleOut(database: string, bucket: S3Location): Promise<Profile> {
  const objects = await S3Objects.open(bucket);
  const release = () => objects.close();
  try {
    const staging = path.join(tmpdir(), `cap-snapshot-${randomUUID()}`); // created with the first file
    return {
      database: await PostgresDatabase.open(database),
      blobs: new S3BlobStore(objects),
      checkpoints: new S3CheckpointStore(objects),
      snapshotFiles: new S3SnapshotFiles(objects, staging),
      exclusive: false,
      pinned: new PinnedPaths(), // a server and a bucket can't be moved away
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}
