import { printResult } from '../io.js';
import { wholeNumber } from '../options.js';
import { registryOptions, withRegistry } from '../registry/open-registry.js';
import { verb } from '../verb.js';

/** The service does the same by itself, every few hours. */
export default verb({
  examples: [
    'cap blob gc --url http://127.0.0.1:8081 --dry-run',
    'cap blob gc --data-dir /var/lib/cap-verifier --grace 48        (with the registry stopped)',
  ],
  syntax: (command) =>
    registryOptions(command)
      .option('--grace <hours>', 'how long an unreferenced file is kept (default: 24)', wholeNumber(0, 8784))
      .option('--dry-run', 'say what would be moved, and move nothing'),
  run: async (io, options) => {
    const request = { dry_run: options.dryRun === true, grace_hours: options.grace };
    const collected = await withRegistry(io, options, (registry) => registry.collectBlobs(request));
    const { uploads, orphans, restored, purged, blocked_by_snapshot } = collected;
    const line = (count: number, what: string) => `${String(count).padStart(9)} ${what}`;
    printResult(io, options, collected, () =>
      blocked_by_snapshot
        ? 'a backup is reading a snapshot: nothing is collected until it is done'
        : [
            ...(options.dryRun ? ['dry run: nothing was moved; a run would'] : []),
            line(uploads, 'expired uploads moved to the trash'),
            line(orphans, 'unreferenced files moved to the trash'),
            line(restored, 'files restored from the trash, because they are referenced again'),
            line(purged, 'files deleted from the trash'),
          ].join('\n'),
    );
  },
});
