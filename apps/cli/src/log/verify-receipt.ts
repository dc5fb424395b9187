import { EXIT, type JsonObject } from '@cap/core';
import { blake3Text } from '@cap/crypto';
import { receiptToTlogProof, verifyReceipt } from '@cap/tlog';
import { registeredFault } from '@cap/verify';
import { assertOneStdin, readInput } from '../input.js';
import { printResult } from '../io.js';
import { writeOutput } from '../output.js';
import { printable } from '../printable.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { readReceipt } from './log-file.js';
import { failureLines, signerLines, witnessTimes, type Failure } from './describe.js';

/** Checks a receipt with nothing but the keys of trust.json, and prints what its leaf says. */
export default verb({
  examples: [
    'cap log verify-receipt receipt.json --trust trust.json --bundle bundle.zip',
    'cap log verify-receipt entry.tlog-proof --trust trust.json --json',
    'cap log verify-receipt answer.json --trust trust.json      # the answer of POST /verify, with its receipt',
  ],
  syntax: (command) =>
    command
      .argument('<receipt>')
      .requiredOption('--trust <file>', 'trust.json: log_keys, witness_keys, witness_threshold')
      .option('--bundle <file>', 'the receipt must be for the entry of this bundle')
      .option('--entry <id>', 'the receipt must be for the entry with this entry_id')
      .option('--tlog-proof <file>', 'write the receipt, if it is valid, as a C2SP tlog-proof file'),
  run: async (io, options, file) => {
    assertOneStdin([
      ['the receipt', file],
      ['--trust', options.trust],
      ['--bundle', options.bundle],
    ]);
    const receipt = await readReceipt(io, file);
    const { logTrust } = await readTrust(io, options.trust);
    const bundleId = options.bundle === undefined ? null : blake3Text(await readInput(io, options.bundle));
    const verification = verifyReceipt(receipt, logTrust);
    const { event, origin, signed_by, included } = verification;
    const failures: Failure[] = [...verification.failures];
    if (event) {
      const otherBundle = bundleId === null ? null : registeredFault(event, bundleId);
      if (otherBundle !== null)
        failures.push({ code: 'receipt.bundle', message: `${otherBundle}; the file is the bundle ${bundleId}` });
      if (options.entry !== undefined && event.details.entry_id !== options.entry)
        failures.push({ code: 'receipt.entry', message: `not for the entry ${options.entry}` });
    }
    const { log_index, tree_size } = receipt;
    const ok = failures.length === 0;
    if (ok && options.tlogProof !== undefined) {
      await writeOutput(io, options.tlogProof, receiptToTlogProof(receipt));
      if (options.tlogProof === '-') return EXIT.ok; // nothing else may be on stdout
    }
    const witnesses = witnessTimes(verification.witnesses);
    printResult(
      io,
      options,
      { ok, failures, origin, log_index, tree_size, included, signed_by, witnesses, event },
      () =>
        [
          ...(ok ? ['ok: the event is in the log'] : failureLines(failures)),
          verification.valid ? '' : 'Nothing vouches for what the leaf says:',
          ...(event ? eventLines(event.event, event.ts, event.details) : ['the leaf is not an event']),
          line('position', `${log_index} in a tree of ${tree_size}`),
          ...signerLines(origin, verification, logTrust),
        ].join('\n'),
    );
    return ok ? EXIT.ok : EXIT.fault;
  },
});

const line = (name: string, value: string): string => `${printable(name).padEnd(15)} ${printable(value)}`;

function eventLines(event: string, ts: string, details: JsonObject): string[] {
  const members = Object.entries(details).map(([name, value]) =>
    line(name, typeof value === 'string' ? value : JSON.stringify(value)),
  );
  return [line('event', event), line('time', ts), ...members];
}
