import { type CliIo, printResult } from '../frame/io.js';
import { type RegistryPlace } from '../frame/place-options.js';
import { withOperations } from '../registry/operations.js';

/** The service does the same by itself, every few hours. */
export async function gc(
  io: CliIo,
  options: RegistryPlace & { json?: boolean; dryRun?: boolean; grace?: number },
): Promise<void> {
  const request = { dry_run: options.dryRun === true, grace_hours: options.grace };
  const collected = await withOperations(io, options, (registry) => registry.collect(request));
  const { uploads, orphans, restored, purged, blocked_by_snapshot } = collected;
  printResult(io, options, collected, () =>
    blocked_by_snapshot
      ? 'a snapshot is in use: nothing is collected meanwhile'
      : [
          ...(options.dryRun ? ['nothing was done; a run would move'] : []),
          `${String(uploads).padStart(9)} expired uploads to the trash`,
          `${String(orphans).padStart(9)} files without a row to the trash`,
          `${String(restored).padStart(9)} back from the trash, because a row wants them`,
          `${String(purged).padStart(9)} away for good`,
        ].join('\n'),
  );
}
