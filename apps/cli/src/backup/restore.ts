import { readCheckpoint, readExpectedSigner, restoreArchive } from '@cap/backup';
import { readInput } from '../frame/input.js';
import { type CliIo, printResult, progress, progressDone } from '../frame/io.js';
import { duration, sayOmissions } from './words.js';

/** Verifies everything, then exchanges the data directory for the one of the archive. */
export async function restore(
  io: CliIo,
  options: { signer: string; to: string; checkpoint?: string; json?: boolean },
  archive: string,
): Promise<void> {
  const signer = await readExpectedSigner(options.signer);
  const checkpoint =
    options.checkpoint === undefined
      ? null
      : readCheckpoint((await readInput(io, options.checkpoint)).toString('utf8'), options.checkpoint);
  progress(io, `verifying ${archive}, then restoring it`);
  const restored = await restoreArchive(archive, { to: options.to, signer, now: io.now(), checkpoint });
  progressDone(io);
  sayOmissions(io, restored.incomplete);
  const lost = (restored.last_known_size ?? 0) - restored.log_size;
  if (lost > 0)
    io.err(
      `cap: the backup is older than the newest checkpoint known: the last ${lost} events of a log of ${restored.last_known_size} are not in it\n`,
    );
  printResult(io, options, restored, () =>
    [
      `restored ${restored.directory}: ${restored.files} files, ${restored.bytes} bytes, log size ${restored.log_size}`,
      `from a backup of ${restored.created_at}, ${duration(restored.age_seconds)} old, signed by ${restored.kid}`,
      ...(restored.kept === null ? [] : [`what stood there before is kept as ${restored.kept}`]),
      `the log goes on in epoch ${restored.epoch}: receipts from before stay valid under their own epoch`,
      `check it: cap registry fsck --data-dir ${restored.directory}`,
    ].join('\n'),
  );
}
