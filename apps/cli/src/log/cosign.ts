import path from 'node:path';
import { CapError, type ErrorCode } from '@cap/core';
import {
  epochOf,
  verifyCheckpoint,
  verifyReceipt,
  type LogFailure,
  type LogTrust,
  type SignedCheckpoint,
} from '@cap/tlog';
import { cosignText, withSignature } from '@cap/tlog/notes';
import type { TreeHead } from '@cap/tlog/consistency';
import { loadSigningKey, requireUsage, type SigningKey } from '@cap/crypto/key-files';
import { assertOneStdin } from '../input.js';
import { printResult, type CliIo } from '../io.js';
import { printable } from '../printable.js';
import { writeOutput } from '../output.js';
import { keyDirectory, keyDirectoryOptions, keyPassphrase } from '../keys/key-directory.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { growthFault } from './growth.js';
import { readConsistencyProof, readLogFile, withNote, type LogFile } from './log-file.js';
import { withLock, WitnessState } from './witness-state.js';

/**
 * Cosigns a checkpoint that a trusted log signed and that grew out of the last one cosigned. Anything else is refused (exit 2)
 * before anything is signed or remembered.
 */
export default verb({
  examples: [
    'cap keys generate --keys witness --owner "Audit GmbH" --usage witness',
    'cap log cosign checkpoint --keys witness --key 5f0c… --name witness.example --trust trust.json --out cosigned',
    'cap log cosign checkpoint --keys witness --key 5f0c… --name witness.example --trust trust.json --proof consistency.json --out cosigned',
  ],
  syntax: (command) =>
    keyDirectoryOptions(command)
      .argument('<checkpoint>')
      .requiredOption('--key <kid>', 'the key, of usage witness')
      .requiredOption('--name <name>', 'name of the witness, as in its verifier key')
      .requiredOption('--trust <file>', 'trust.json: log_keys')
      .option(
        '--proof <file>',
        'consistency proof that the tree grew out of the last one cosigned; required if it grew',
      )
      .option('--previous <file>', 'the last checkpoint cosigned, if the state file does not know it')
      .option('--state <file>', 'what this witness cosigned last (default: witness.json next to the keys)')
      .requiredOption('--out <file>', 'the same with the cosignature; a receipt stays a receipt')
      .addHelpText(
        'after',
        '\nThe first checkpoint of a log is accepted as it is. A smaller tree, or one that did not grow out of the last, is refused:\nexit 2, nothing signed.',
      ),
  run: async (io, options, file) => {
    assertOneStdin([
      ['the checkpoint', file],
      ['--previous', options.previous],
      ['--proof', options.proof],
      ['--trust', options.trust],
    ]);
    const directory = keyDirectory(options);
    const signer = await loadSigningKey(directory, options.key, io.now(), await keyPassphrase(io));
    requireUsage(signer.record, 'witness');
    const trust = await logsOf(io, options.trust);
    const given = await readLogFile(io, file);
    assertSigned(given, trust);
    const previous = options.previous === undefined ? null : await readLogFile(io, options.previous);
    if (previous) assertSigned(previous, trust);
    const proof = options.proof === undefined ? null : await readConsistencyProof(io, options.proof);

    const stateFile = options.state ?? path.join(directory, 'witness.json');
    await withLock(stateFile, async () => {
      const state = await WitnessState.open(io, stateFile);
      const last = lastCosigned(state, given.checkpoint.origin, previous?.checkpoint ?? null);
      if (last) refuse(growthFault(last, given.checkpoint, proof));
      const cosigned = sign(given, { signer, name: options.name, time: io.now() });
      await state.remember(given.checkpoint);
      await writeOutput(io, options.out, cosigned);
      io.err(last ? describeGrowth(last, given.checkpoint) : describeFirst(given.checkpoint, state.origins));
    });
    if (options.out === '-') return;
    const { origin, size } = given.checkpoint;
    const result = { out: options.out, origin, size, witness: options.name, kid: signer.kid };
    printResult(io, options, result, () => `${options.out}  cosigned by ${options.name}`);
  },
});

/** A witness does not wait for other witnesses: the threshold is for verifiers. */
async function logsOf(io: CliIo, file: string): Promise<LogTrust> {
  return { ...(await readTrust(io, file)).logTrust, witnessThreshold: 0 };
}

function assertSigned({ receipt, checkpoint }: LogFile, trust: LogTrust): void {
  const { failures } = receipt ? verifyReceipt(receipt, trust) : verifyCheckpoint(checkpoint, trust);
  refuse(failures[0] ?? null);
}

function refuse(failure: LogFailure<ErrorCode> | null): void {
  if (failure) throw new CapError(failure.code, `not cosigned: ${failure.message}`);
}

/** From the state file, or --previous if the state file does not know the log. */
function lastCosigned(state: WitnessState, origin: string, previous: SignedCheckpoint | null): TreeHead | null {
  const last = state.last(origin);
  if (
    last &&
    previous &&
    (previous.origin !== origin || previous.size !== last.size || !previous.root.equals(last.root))
  )
    throw new CapError(
      'cosign.previous',
      `not cosigned: --previous is the tree of ${previous.size} leaves of ${previous.origin}, but the state file has another: ${last.size} leaves of ${origin}`,
    );
  return last ?? previous;
}

function sign(given: LogFile, { signer, name, time }: { signer: SigningKey; name: string; time: Date }): string {
  const { note } = given.checkpoint;
  const seconds = Math.floor(time.getTime() / 1000);
  return withNote(given, withSignature(note, cosignText(note.text, { name, privateKey: signer.privateKey }, seconds)));
}

const describeGrowth = (last: TreeHead, { origin, size }: TreeHead): string =>
  last.size === size
    ? `The tree of ${size} leaves of ${printable(origin)} was the last one cosigned.\n`
    : `The tree of ${printable(origin)} grew from ${last.size} to ${size} leaves, and the earlier ones are unchanged.\n`;

function describeFirst({ origin, size }: TreeHead, known: readonly string[]): string {
  const log = epochOf(origin)?.name;
  const epochs = known.filter((other) => other !== origin && log !== undefined && epochOf(other)?.name === log);
  const first = `First checkpoint of ${printable(origin)}: its ${size} leaves are accepted as they are; from now on the tree may only grow.\n`;
  if (epochs.length === 0) return first;
  return `${first}Cosigned before: ${epochs.map(printable).join(', ')}. A new epoch begins when the registry is restored from a backup: ask why, and check that its first event names the checkpoint you know.\n`;
}
