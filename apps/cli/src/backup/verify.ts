import { readExpectedSigner, verifyArchive } from '@cap/backup';
import { EXIT, type ExitCode, isCapError } from '@cap/core';
import { type CliIo, printResult, progress, progressDone } from '../frame/io.js';
import { sayOmissions } from './words.js';

/** Signature and every hash. Exit 2 names the first fault; with --json also on stdout. */
export async function verify(
  io: CliIo,
  options: { signer: string; json?: boolean },
  archive: string,
): Promise<ExitCode> {
  const signer = await readExpectedSigner(options.signer);
  progress(io, `reading ${archive}`);
  try {
    const { manifest, kid, size, sha3_256 } = await verifyArchive(archive, { signer });
    progressDone(io);
    sayOmissions(io, manifest.incomplete);
    const { created_at, log_size, head_digest, files, incomplete } = manifest;
    const result = { ok: true, archive, kid, size_bytes: size, sha3_256, created_at, log_size, head_digest };
    printResult(io, options, { ...result, files: files.length, incomplete }, () =>
      [
        `ok: ${files.length} files, signed by ${kid}`,
        `made ${created_at}, log size ${log_size}, ${size} bytes, ${sha3_256}`,
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
}
