/** The registry's state: database, BLOBs, log, snapshots. `RegistryData.open` owns a data directory; SqliteReader looks at one. */
export * from './stores.js';
export * from './entry-id.js';
export { storageError } from './storage-errors.js';
export { type Holder, OwnerLock, ownerOf } from './database/owner-lock.js';
export { SqliteReader } from './database/sqlite-reader.js';
export { SqliteRegistryStore } from './database/sqlite-registry-store.js';
export { KEY_RETENTION_MS } from './database/idempotency-keys.js';
export { WriteQueue, type WriteQueueOptions } from './database/write-queue.js';
export { FileBlobStore } from './blobs/file-blob-store.js';
export { LEASE_MS, type Snapshot, Snapshots } from './snapshots/snapshots.js';
export { RegistryData, type RegistryOptions, type RegistryPlace, UPLOAD_RETENTION_MS } from './registry-data.js';
export {
  type RegistryFault,
  type RegistryVerification,
  verifyRegistry,
  type VerifyRegistryOptions,
} from './fsck/verify-registry.js';
