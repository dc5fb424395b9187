import path from 'node:path';
import { CapError, type ErrorCode } from '@cap/core';
import {
  cosignText,
  epochOf,
  verifyCheckpoint,
  verifyReceipt,
  withSignature,
  type LogFailure,
  type LogTrust,
  type SignedCheckpoint,
  type TreeHead,
} from '@cap/tlog';
import { loadSigningKey, requireUsage, type SigningKey } from '@cap/crypto';
import { printResult, type CliIo } from '../frame/io.js';
import { printable } from '../frame/printable.js';
import { writeOutput } from '../frame/output.js';
import { keyDirectory, keyPassphrase, type KeyPlace } from '../keys/directory.js';
import { readTrust } from '../trust/read-trust.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { growthFault } from './growth.js';
import { readConsistencyProof, readLogFile, withNote, type LogFile } from './log-file.js';
import { holding, WitnessState } from './witness-state.js';

interface Options extends KeyPlace {
  key: string;
  name: string;
  trust: string;
  previous?: string;
  proof?: string;
  state?: string;
  out: string;
  json?: boolean;
}

/**
 * Cosigns a checkpoint that a trusted log signed and that grew out of the last one cosigned. Whatever does not hold is
 * refused (exit 2) before anything is signed or remembered.
 */
export async function cosign(io: CliIo, options: Options, file: string): Promise<void> {
  requireOneStdin([
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
  requireSigned(given, trust);
  const previous = options.previous === undefined ? null : await readLogFile(io, options.previous);
  if (previous) requireSigned(previous, trust);
  const proof = options.proof === undefined ? null : await readConsistencyProof(io, options.proof);

  const stateFile = options.state ?? path.join(directory, 'witness.json');
  await holding(stateFile, async () => {
    const state = await WitnessState.open(io, stateFile);
    const last = lastCosigned(state, given.checkpoint.origin, previous?.checkpoint ?? null);
    if (last) refuse(growthFault(last, given.checkpoint, proof));
    const cosigned = sign(given, { signer, name: options.name, time: io.now() });
    await state.remember(given.checkpoint);
    await writeOutput(io, options.out, cosigned);
    io.err(last ? grown(last, given.checkpoint) : firstUse(given.checkpoint, state.origins));
  });
  if (options.out === '-') return;
  const { origin, size } = given.checkpoint;
  const result = { out: options.out, origin, size, witness: options.name, kid: signer.kid };
  printResult(io, options, result, () => `${options.out}  cosigned by ${options.name}`);
}

/** A witness does not wait for others: the threshold is for those who rely on them. */
async function logsOf(io: CliIo, file: string): Promise<LogTrust> {
  return { ...(await readTrust(io, file)).logTrust, witnessThreshold: 0 };
}

function requireSigned({ receipt, checkpoint }: LogFile, trust: LogTrust): void {
  const { failures } = receipt ? verifyReceipt(receipt, trust) : verifyCheckpoint(checkpoint, trust);
  refuse(failures[0] ?? null);
}

function refuse(failure: LogFailure<ErrorCode> | null): void {
  if (failure) throw new CapError(failure.code, `not cosigned: ${failure.message}`);
}

/** What the state file says; if it does not know the log, the checkpoint of --previous. */
function lastCosigned(state: WitnessState, origin: string, previous: SignedCheckpoint | null): TreeHead | null {
  const last = state.last(origin);
  if (
    last &&
    previous &&
    (previous.origin !== origin || previous.size !== last.size || !previous.root.equals(last.root))
  )
    throw new CapError(
      'cosign.previous',
      `not cosigned: --previous is the tree of ${previous.size} leaves of ${previous.origin}, the state file has another one: ${last.size} leaves of ${origin}`,
    );
  return last ?? previous;
}

function sign(given: LogFile, { signer, name, time }: { signer: SigningKey; name: string; time: Date }): string {
  const { note } = given.checkpoint;
  const seconds = Math.floor(time.getTime() / 1000);
  return withNote(given, withSignature(note, cosignText(note.text, { name, privateKey: signer.privateKey }, seconds)));
}

const grown = (last: TreeHead, { origin, size }: TreeHead): string =>
  last.size === size
    ? `The tree of ${size} leaves of ${printable(origin)} is the last one that was cosigned.\n`
    : `The tree of ${printable(origin)} grew from ${last.size} to ${size} leaves, and nothing in it changed.\n`;

function firstUse({ origin, size }: TreeHead, known: readonly string[]): string {
  const log = epochOf(origin)?.name;
  const epochs = known.filter((other) => other !== origin && log !== undefined && epochOf(other)?.name === log);
  const first = `First checkpoint of ${printable(origin)}: its ${size} leaves are taken as they are, from now on the tree may only grow.\n`;
  if (epochs.length === 0) return first;
  return `${first}Cosigned before: ${epochs.map(printable).join(', ')}. A new epoch begins when the registry is restored from a backup: ask why, and see whether its first event names the checkpoint that you know.\n`;
}
