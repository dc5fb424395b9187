/**
 * Backups of a registry: an archive that proves itself, made from a snapshot, drilled, kept for a time, restored as a whole.
 *
 *     const target = new BackupTarget('/backups/cap-verifier');
 *     await runBackup({ target, source, sources, signer: await loadArchiveSigner(file, new Date()), … });
 *     await restoreArchive(archive, { to: '/var/lib/cap-verifier', signer: await readExpectedSigner('backup.pub'), now: new Date() });
 */
export { dataDirectorySource, type SnapshotLease, type SnapshotSource } from './snapshot-source.js';
export { type Sources } from './sources/source-files.js';
export { archiveName, isArchiveName, sidecarName } from './archive/names.js';
export { brokenBlobs, type Manifest, type ManifestFile, type Omission } from './archive/manifest.js';
export { type Sidecar } from './archive/sidecar.js';
export { type ArchiveSigner, type ExpectedSigner, loadArchiveSigner, readExpectedSigner } from './archive/signature.js';
export { type VerifiedArchive, verifyArchive } from './archive/verify.js';
export { createBackup, type CreateOptions } from './create.js';
export { type BackupListing, type BackupRecord, BackupTarget, type StrangeBackup } from './target/backup-target.js';
export { expiredBackups, type GoodBackup } from './target/retention.js';
export { type RunRecord } from './target/run-record.js';
export { type Restored, restoreArchive } from './restore/restore.js';
export { type KnownCheckpoint, readCheckpoint } from './restore/log-epoch.js';
export { type Drill, drillArchive } from './restore/drill.js';
export { type Run, runBackup, type RunOptions } from './run.js';
