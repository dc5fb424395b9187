/**
 * The registry's state: database, BLOBs, log and snapshots, in the embedded profile (an SQLite file and a directory) and the
 * scale-out profile (PostgreSQL and a bucket).
 *
 *     const data = await RegistryData.open({ database, blobs, program, log: { origin, keys } });
 *     const { entry, receipt } = await data.registerEntry({ bundle_id, policy_hash, result, report_hash, … });
 *
 * Start reading at registry-data.ts; then database/registry-store.ts (what is written, all in one queue), log/transparency-log.ts
 * (what is signed and proven) and fsck/verify-registry.ts (how all of it is derived again).
 */
export { RegistryData } from './registry-data.js';
export { type RegistryLocation } from './profiles.js';
export { RegistryReader } from './database/registry-reader.js';
export { RegistryStore } from './database/registry-store.js';
export { type RegistryTotals, type StoredBlob, type StoredList, type StoredPolicy } from './records.js';
export { OwnerLock, ownerOf } from './database/owner-lock.js';
export { PostgresDatabase } from './database/postgres-database.js';
export { SqliteDatabase } from './database/sqlite-database.js';
export { readTable } from './database/read-table.js';
export { FileBlobStore } from './blobs/file-blob-store.js';
export { FileCheckpointStore } from './checkpoints/file-checkpoint-store.js';
export { S3Objects } from './s3/s3-objects.js';
export {
  type RegistryVerification,
  verifyRegistry,
  type VerifyRegistryOptions,
  verifyScaleOut,
} from './fsck/verify-registry.js';
export { migrateRegistry, type MigrationReport } from './migrate/migrate-registry.js';
