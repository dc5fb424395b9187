/** The registry's state: database, BLOBs, log, snapshots, in the embedded and the scale-out profile. */
export * from './stores.js';
export * from './entry-id.js';
export { storageError } from './storage-errors.js';
export { type Holder, OwnerLock, ownerOf } from './database/owner-lock.js';
export { type SqlDatabase, type SqlRow, type SqlSession, type SqlValue } from './database/sql-database.js';
export { PostgresDatabase } from './database/postgres-database.js';
export { SqliteDatabase } from './database/sqlite-database.js';
export { readTable } from './database/read-table.js';
export { GrowingTree } from './database/log-hashes.js';
export { SqlReader } from './database/sql-reader.js';
export { FileCheckpointStore } from './checkpoints/file-checkpoint-store.js';
export { S3CheckpointStore } from './checkpoints/s3-checkpoint-store.js';
export {
  type ConsistencyProof,
  type LogSigning,
  TransparencyLog,
  type TransparencyLogOptions,
} from './log/transparency-log.js';
export { KEY_RETENTION_MS } from './database/idempotency-keys.js';
export { type WriteQueueOptions } from './database/write-queue.js';
export { FileBlobStore } from './blobs/file-blob-store.js';
export { S3BlobStore } from './blobs/s3-blob-store.js';
export { S3Objects, type S3Place } from './s3/s3-objects.js';
export { DirectorySnapshotFiles, S3SnapshotFiles, type SnapshotFiles } from './snapshot-files/snapshot-files.js';
export { type Collected, type CollectOptions, ORPHAN_GRACE_MS, TRASH_KEPT_MS } from './collection/collect.js';
export { LEASE_MS, type Snapshot, Snapshots } from './snapshots/snapshots.js';
export {
  RegistryData,
  type RegistryOptions,
  type RegistryPlace,
  type Retired,
  type SignedSnapshot,
  UPLOAD_RETENTION_MS,
} from './registry-data.js';
export { SqlRegistryStore } from './database/sql-registry-store.js';
export { type RegistryFault } from './fsck/faults.js';
export {
  type RegistryStores,
  type RegistryVerification,
  verifyRegistry,
  type VerifyRegistryOptions,
  verifyScaleOut,
  verifyStores,
} from './fsck/verify-registry.js';
export { migrateRegistry, type MigrateOptions, type Migration } from './migrate/migrate-registry.js';
