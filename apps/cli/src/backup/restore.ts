import { readExpectedSigner, restoreArchive } from '@cap/backup';
import { type CliIo, printResult, progress, progressDone } from '../frame/io.js';
import { duration, sayOmissions } from './words.js';

/** Verifies everything, then exchanges the data directory for the one of the archive. */
export async function restore(
  io: CliIo,
  options: { signer: string; to: string; json?: boolean },
  archive: string,
): Promise<void> {
  const signer = await readExpectedSigner(options.signer);
  progress(io, `verifying ${archive}, then restoring it`);
  const restored = await restoreArchive(archive, { to: options.to, signer, now: io.now() });
  progressDone(io);
  sayOmissions(io, restored.incomplete);
  printResult(io, options, restored, () =>
    [
      `restored ${restored.directory}: ${restored.files} files, ${restored.bytes} bytes, log size ${restored.log_size}`,
      `from a backup of ${restored.created_at}, ${duration(restored.age_seconds)} old, signed by ${restored.kid}`,
      ...(restored.kept === null ? [] : [`what stood there before is kept as ${restored.kept}`]),
      `check it: cap registry fsck --data-dir ${restored.directory}`,
    ].join('\n'),
  );
}
