import { blake3Text } from '@cap/crypto';
import { receiptToTlogProof, verifyReceipt } from '@cap/tlog';
import { EXIT, type ExitCode, type JsonObject } from '@cap/core';
import { registeredFault } from '@cap/verify';
import { readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';
import { printable } from '../frame/printable.js';
import { readTrust } from '../trust/read-trust.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { readReceipt } from './log-file.js';
import { failureLines, signerLines, witnessTimes, type Failure } from './words.js';

interface Options {
  trust: string;
  bundle?: string;
  entry?: string;
  tlogProof?: string;
  json?: boolean;
}

/** Checks a receipt with nothing but the keys of trust.json, and prints what its leaf says. */
export async function verifyReceiptFile(io: CliIo, options: Options, file: string): Promise<ExitCode> {
  requireOneStdin([
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
      failures.push({ code: 'receipt.entry', message: `not of the entry ${options.entry}` });
  }
  const { log_index, tree_size } = receipt;
  const ok = failures.length === 0;
  if (ok && options.tlogProof !== undefined) {
    await writeOutput(io, options.tlogProof, receiptToTlogProof(receipt));
    if (options.tlogProof === '-') return EXIT.ok; // nothing else may be on stdout
  }
  const witnesses = witnessTimes(verification.witnesses);
  printResult(io, options, { ok, failures, origin, log_index, tree_size, included, signed_by, witnesses, event }, () =>
    [
      ...(ok ? ['ok: the event is in the log'] : failureLines(failures)),
      verification.valid ? '' : 'What the leaf says is not vouched for:',
      ...(event ? eventLines(event.event, event.ts, event.details) : ['the leaf is no event']),
      line('place', `${log_index} in a tree of ${tree_size}`),
      ...signerLines(origin, verification, logTrust),
    ].join('\n'),
  );
  return ok ? EXIT.ok : EXIT.fault;
}

const line = (name: string, value: string): string => `${printable(name).padEnd(15)} ${printable(value)}`;

function eventLines(event: string, ts: string, details: JsonObject): string[] {
  const members = Object.entries(details).map(([name, value]) =>
    line(name, typeof value === 'string' ? value : JSON.stringify(value)),
  );
  return [line('event', event), line('time', ts), ...members];
}
