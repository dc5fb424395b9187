import { drillArchive, readExpectedSigner } from '@cap/backup';
import { EXIT, type ExitCode } from '@cap/core';
import { type CliIo, printResult, progress, progressDone } from '../frame/io.js';
import { duration } from './words.js';

/** Proves that an archive can be restored, by restoring it. Exit 2 if what comes out does not add up. */
export async function drill(
  io: CliIo,
  options: { signer: string; scratch?: string; json?: boolean },
  archive: string,
): Promise<ExitCode> {
  const signer = await readExpectedSigner(options.signer);
  progress(io, `restoring ${archive} into a scratch directory`);
  const result = await drillArchive(archive, { signer, now: io.now(), scratch: options.scratch });
  progressDone(io);
  printResult(io, options, result, () =>
    [
      `${result.ok ? 'ok' : 'FAULT'}: made ${result.created_at}, signed by ${result.kid}`,
      `${result.log_size} events, ${result.entries} entries, ${result.blobs} BLOBs, ${result.bytes} bytes`,
      `newest event ${result.newest_event_at ?? 'none'}, digest ${result.head_digest}`,
      `RPO ${duration(result.rpo_seconds)} (age of the backup), RTO ${duration(result.rto_seconds)} (restored and checked)`,
      ...result.faults.map(({ object, message }) => `fault: ${object}: ${message}`),
    ].join('\n'),
  );
  return result.ok ? EXIT.ok : EXIT.fault;
}
