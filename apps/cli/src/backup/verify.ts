import { EXIT, isCapError } from '@cap/core';
import { readExpectedSigner, verifyArchive } from '@cap/backup';
import { printResult, progress, progressDone } from '../io.js';
import { verb } from '../verb.js';
import { reportOmissions } from './omissions.js';

/** Checks the signature and every hash. Exit 2 names the first fault; with --json also on stdout. */
export default verb({
  examples: ['cap backup verify backup_20260115_020000.tar.gz --signer backup.pub'],
  syntax: (command) =>
    command
      .argument('<archive>')
      .requiredOption('--signer <kid|file>', 'who must have signed it: key id, or public key file'),
  run: async (io, options, archive) => {
    const signer = await readExpectedSigner(options.signer);
    progress(io, `reading ${archive}`);
    try {
      const { manifest, kid, size, sha3_256 } = await verifyArchive(archive, { signer });
      progressDone(io);
      reportOmissions(io, manifest.incomplete);
      const { created_at, log_size, head_digest, files, incomplete } = manifest;
      const result = { ok: true, archive, kid, size_bytes: size, sha3_256, created_at, log_size, head_digest };
      printResult(io, options, { ...result, files: files.length, incomplete }, () =>
        [
          `ok: ${files.length} files, signed by ${kid}`,
          `created ${created_at}, log size ${log_size}, ${size} bytes, ${sha3_256}`,
        ].join('\n'),
      );
      return EXIT.ok;
    } catch (error) {
      if (!isCapError(error) || error.kind !== 'refused' || !options.json) throw error;
      progressDone(io);
      const { code, message } = error;
      printResult(io, options, { ok: false, archive, fault: { code, message } }, () => '');
      return EXIT.fault;
    }
  },
});
