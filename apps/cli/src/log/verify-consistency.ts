import { CapError, EXIT, type ExitCode } from '@cap/core';
import { verifyCheckpoint, type LogTrust, type SignedCheckpoint } from '@cap/tlog';
import { printResult, type CliIo } from '../frame/io.js';
import { printable } from '../frame/printable.js';
import { readTrust } from '../trust/read-trust.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { growthFault } from './growth.js';
import { readConsistencyProof, readLogFile } from './log-file.js';
import { failureLines, signerLines, witnessTimes, type Failure } from './words.js';

interface Options {
  trust: string;
  proof?: string;
  json?: boolean;
}

/** Checks two checkpoints as trust.json asks, and that the newer tree grew out of the older one. */
export async function verifyConsistencyFiles(
  io: CliIo,
  options: Options,
  oldFile: string,
  newFile?: string,
): Promise<ExitCode> {
  requireOneStdin([
    ['the old checkpoint', oldFile],
    ['the new checkpoint', newFile],
    ['--proof', options.proof],
    ['--trust', options.trust],
  ]);
  const { checkpoint: older } = await readLogFile(io, oldFile);
  const proof = options.proof === undefined ? null : await readConsistencyProof(io, options.proof);
  const newer = newFile === undefined ? proof?.checkpoint : (await readLogFile(io, newFile)).checkpoint;
  if (newer === undefined)
    throw new CapError('option.missing', 'a second checkpoint, or --proof with its own, is needed');
  const { logTrust } = await readTrust(io, options.trust);
  const [before, after] = [judged('old', older, logTrust), judged('new', newer, logTrust)];
  const fault = growthFault(older, newer, proof);
  const failures = [...before.failures, ...after.failures, ...(fault ? [fault] : [])];
  const ok = failures.length === 0;
  printResult(io, options, { ok, failures, old: before.said, new: after.said }, () =>
    [
      ...(ok ? [grew(older, newer)] : failureLines(failures)),
      ...[before, after].flatMap(({ lines }) => ['', ...lines]),
    ].join('\n'),
  );
  return ok ? EXIT.ok : EXIT.fault;
}

function judged(which: string, checkpoint: SignedCheckpoint, trust: LogTrust) {
  const { origin, size, root } = checkpoint;
  const verification = verifyCheckpoint(checkpoint, trust);
  const { signed_by, witnesses } = verification;
  return {
    failures: verification.failures.map(({ code, message }): Failure => ({
      code,
      message: `the ${which} checkpoint: ${message}`,
    })),
    said: { origin, size, root: root.toString('base64'), signed_by, witnesses: witnessTimes(witnesses) },
    lines: [`${which.padEnd(15)} ${size} leaves`, ...signerLines(origin, verification, trust)],
  };
}

const grew = (older: SignedCheckpoint, newer: SignedCheckpoint): string =>
  older.size === newer.size
    ? `ok: both are the tree of ${newer.size} leaves of ${printable(newer.origin)}`
    : `ok: the tree of ${newer.size} leaves of ${printable(newer.origin)} grew out of the one of ${older.size}`;
