import { EXIT, CapError } from '@cap/core';
import { verifyCheckpoint, type LogTrust, type SignedCheckpoint } from '@cap/tlog';
import { assertOneStdin } from '../input.js';
import { printResult } from '../io.js';
import { printable } from '../printable.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { growthFault } from './growth.js';
import { readConsistencyProof, readLogFile } from './log-file.js';
import { failureLines, signerLines, witnessTimes, type Failure } from './describe.js';

/** Checks two checkpoints as trust.json requires, and that the newer tree grew out of the older one. */
export default verb({
  examples: [
    'cap log verify-consistency old-checkpoint new-checkpoint --proof consistency.json --trust trust.json',
    'cap log verify-consistency receipt-2025.json --proof consistency.json --trust trust.json',
  ],
  syntax: (command) =>
    command
      .argument('<old>')
      .argument('[new]')
      .requiredOption('--trust <file>', 'trust.json: log_keys, witness_keys, witness_threshold')
      .option(
        '--proof <file>',
        "the registry's consistency proof {from, to, proof[], checkpoint}; not required for equal sizes",
      )
      .addHelpText(
        'after',
        '\nOLD and NEW are checkpoints (signed notes), or receipts that contain them. Without NEW: the checkpoint in the proof.',
      ),
  run: async (io, options, oldFile, newFile) => {
    assertOneStdin([
      ['the old checkpoint', oldFile],
      ['the new checkpoint', newFile],
      ['--proof', options.proof],
      ['--trust', options.trust],
    ]);
    const { checkpoint: older } = await readLogFile(io, oldFile);
    const proof = options.proof === undefined ? null : await readConsistencyProof(io, options.proof);
    const newer = newFile === undefined ? proof?.checkpoint : (await readLogFile(io, newFile)).checkpoint;
    if (newer === undefined)
      throw new CapError('option.missing', 'a second checkpoint, or --proof with one, is required');
    const { logTrust } = await readTrust(io, options.trust);
    const [before, after] = [verifyOne('old', older, logTrust), verifyOne('new', newer, logTrust)];
    const fault = growthFault(older, newer, proof);
    const failures = [...before.failures, ...after.failures, ...(fault ? [fault] : [])];
    const ok = failures.length === 0;
    printResult(io, options, { ok, failures, old: before.result, new: after.result }, () =>
      [
        ...(ok ? [describeGrowth(older, newer)] : failureLines(failures)),
        ...[before, after].flatMap(({ lines }) => ['', ...lines]),
      ].join('\n'),
    );
    return ok ? EXIT.ok : EXIT.fault;
  },
});

function verifyOne(which: string, checkpoint: SignedCheckpoint, trust: LogTrust) {
  const { origin, size, root } = checkpoint;
  const verification = verifyCheckpoint(checkpoint, trust);
  const { signed_by, witnesses } = verification;
  return {
    failures: verification.failures.map(({ code, message }): Failure => ({
      code,
      message: `the ${which} checkpoint: ${message}`,
    })),
    result: { origin, size, root: root.toString('base64'), signed_by, witnesses: witnessTimes(witnesses) },
    lines: [`${which.padEnd(15)} ${size} leaves`, ...signerLines(origin, verification, trust)],
  };
}

const describeGrowth = (older: SignedCheckpoint, newer: SignedCheckpoint): string =>
  older.size === newer.size
    ? `ok: both are the tree of ${newer.size} leaves of ${printable(newer.origin)}`
    : `ok: the tree of ${newer.size} leaves of ${printable(newer.origin)} grew out of the one of ${older.size}`;
