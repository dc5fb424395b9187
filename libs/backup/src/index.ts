/**
 * Backups of a registry: an archive that proves itself, made from a snapshot, drilled, kept for a time, restored as a whole.
 *
 *     const target = new BackupTarget('/backups/cap-verifier');
 *     await runBackup({ target, source, sources, signer: await loadArchiveSigner(file, new Date()), … });
 *     await restoreArchive(archive, { to: '/var/lib/cap-verifier', signer: await readExpectedSigner('backup.pub'), now: new Date() });
 *
 * Start reading at run.ts, a whole run step by step; then create.ts, archive/verify.ts and restore/restore.ts. The format is in
 * docs/formats.md.
 */
export { dataDirectorySource, type SnapshotSource } from './snapshot-source.js';
export { type Sources } from './sources/source-files.js';
export { brokenBlobs } from './archive/manifest.js';
export { type ArchiveSigner, loadArchiveSigner, readExpectedSigner } from './archive/signature.js';
export { verifyArchive } from './archive/verify.js';
export { type BackupListing, BackupTarget } from './target/backup-target.js';
export { type RunRecord } from './target/run-record.js';
export { restoreArchive } from './restore/restore.js';
export { readCheckpoint } from './restore/log-epoch.js';
export { drillArchive } from './restore/drill.js';
export { runBackup } from './run.js';
