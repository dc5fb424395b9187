import { readCheckpoint, readExpectedSigner, restoreArchive } from '@cap/backup';
import { readInput } from '../input.js';
import { type CliIo, printResult, progress, progressDone } from '../io.js';
import { verb } from '../verb.js';
import { duration } from './duration.js';
import { reportOmissions } from './omissions.js';

/** Verifies everything, then replaces the data directory with the one in the archive. */
export default verb({
  examples: ['cap backup restore backup_20260115_020000.tar.gz --to /var/lib/cap-verifier --signer backup.pub'],
  syntax: (command) =>
    command
      .argument('<archive>')
      .requiredOption('--signer <kid|file>', 'who must have signed it: key id, or public key file')
      .requiredOption('--to <dir>', 'the data directory; no registry may be running on it')
      .option('--checkpoint <file>', 'newest checkpoint of the log that you have, to see what the backup lacks'),
  run: async (io, options, archive) => {
    const signer = await readExpectedSigner(options.signer);
    const checkpoint = options.checkpoint === undefined ? null : await checkpointIn(io, options.checkpoint);
    progress(io, `verifying ${archive}, then restoring it`);
    const restored = await restoreArchive(archive, { to: options.to, signer, now: io.now(), checkpoint });
    progressDone(io);
    reportOmissions(io, restored.incomplete);
    const lost = (restored.last_known_size ?? 0) - restored.log_size;
    if (lost > 0)
      io.err(
        `cap: the backup is older than the newest known checkpoint: it lacks the last ${lost} events of a log of ${restored.last_known_size}\n`,
      );
    printResult(io, options, restored, () =>
      [
        `restored ${restored.directory}: ${restored.files} files, ${restored.bytes} bytes, log size ${restored.log_size}`,
        `from a backup of ${restored.created_at}, ${duration(restored.age_seconds)} old, signed by ${restored.kid}`,
        ...(restored.kept === null ? [] : [`the previous directory is kept as ${restored.kept}`]),
        `the log continues in epoch ${restored.epoch}: earlier receipts stay valid under their own epoch`,
        `check it: cap registry fsck --data-dir ${restored.directory}`,
      ].join('\n'),
    );
  },
});

const checkpointIn = async (io: CliIo, file: string) =>
  readCheckpoint((await readInput(io, file)).toString('utf8'), file);
