import { EXIT } from '@cap/core';
import { drillArchive, readExpectedSigner } from '@cap/backup';
import { printResult, progress, progressDone } from '../io.js';
import { verb } from '../verb.js';
import { duration } from './duration.js';

/** Proves that an archive can be restored, by restoring it. Exit 2 if the result is not consistent. */
export default verb({
  examples: ['cap backup drill backup_20260115_020000.tar.gz --signer backup.pub'],
  syntax: (command) =>
    command
      .argument('<archive>')
      .requiredOption('--signer <kid|file>', 'who must have signed it: key id, or public key file')
      .option('--scratch <dir>', 'where to unpack (default: next to the archive)'),
  run: async (io, options, archive) => {
    const signer = await readExpectedSigner(options.signer);
    progress(io, `restoring ${archive} into a scratch directory`);
    const result = await drillArchive(archive, { signer, now: io.now(), scratch: options.scratch });
    progressDone(io);
    printResult(io, options, result, () =>
      [
        `${result.ok ? 'ok' : 'FAULT'}: created ${result.created_at}, signed by ${result.kid}`,
        `${result.log_size} events, ${result.entries} entries, ${result.blobs} BLOBs, ${result.bytes} bytes`,
        `newest event ${result.newest_event_at ?? 'none'}, digest ${result.head_digest}`,
        `RPO ${duration(result.rpo_seconds)} (age of the backup), RTO ${duration(result.rto_seconds)} (restored and checked)`,
        ...result.faults.map(({ object, message }) => `fault: ${object}: ${message}`),
      ].join('\n'),
    );
    return result.ok ? EXIT.ok : EXIT.fault;
  },
});
