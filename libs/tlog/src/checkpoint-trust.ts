import { rawPublicKey } from '@cap/crypto';
import { CapError } from '@cap/core';
import { epochOf, type SignedCheckpoint } from './checkpoint.js';
import { verifierKey, type NoteKeyType, type VerifierKey } from './note-keys.js';
import { checkNoteSignatures } from './note-signatures.js';

/** The keys that a verifier trusts for a log. */
export interface LogTrust {
  /**
   * Type `ed25519`. A key named like the whole origin (`log.example/cap/1`) is trusted for this epoch only, one named
   * like the origin without its epoch (`log.example/cap`) for every epoch.
   */
  logKeys: readonly VerifierKey[];
  /** Type `cosignature/v1`. */
  witnessKeys: readonly VerifierKey[];
  /** How many of the witnesses must have cosigned. */
  witnessThreshold: number;
}

export type CheckpointFailureCode = 'checkpoint.signature' | 'checkpoint.log-unknown' | 'checkpoint.witnesses';

export interface LogFailure<Code extends string> {
  code: Code;
  message: string;
}

/** The result of verifying a checkpoint, which is to be trusted if there are no failures. */
export interface CheckpointVerification {
  /** Names of the log's keys whose signature holds. */
  signed_by: string[];
  /** Witnesses whose cosignature holds, each key once; `time` in seconds since 1970. */
  witnesses: { name: string; time: number }[];
  failures: LogFailure<CheckpointFailureCode>[];
}

/** Checks the signatures of a checkpoint. Throws CapError `key.malformed` if a key of the trust has the wrong type. */
export function verifyCheckpoint(checkpoint: SignedCheckpoint, trust: LogTrust): CheckpointVerification {
  requireType(trust.logKeys, 'ed25519', 'log key');
  requireType(trust.witnessKeys, 'cosignature/v1', 'witness key');
  const { origin, note } = checkpoint;
  const log = checkNoteSignatures(note, keysOfOrigin(origin, trust.logKeys));
  const cosigned = checkNoteSignatures(note, trust.witnessKeys);
  const signed_by = log.verified.map(({ key }) => key.name);
  const witnesses = independentWitnesses(cosigned.verified, trust.logKeys);

  const failures: CheckpointVerification['failures'] = [];
  for (const { name, keyId } of [...log.broken, ...cosigned.broken])
    failures.push({
      code: 'checkpoint.signature',
      message: `the signature by ${name} (key ${keyId}) does not verify for this checkpoint`,
    });
  if (signed_by.length === 0 && log.broken.length === 0)
    failures.push({ code: 'checkpoint.log-unknown', message: `no known log key signed for the origin ${origin}` });
  // Written so that a threshold that is no number fails.
  if (!(witnesses.length >= trust.witnessThreshold))
    failures.push({
      code: 'checkpoint.witnesses',
      message: `${witnesses.length} of the known witnesses cosigned, expected at least ${trust.witnessThreshold}`,
    });
  return { signed_by, witnesses, failures };
}

function requireType(keys: readonly VerifierKey[], type: NoteKeyType, what: string): void {
  const other = keys.find((key) => key.type !== type);
  if (other)
    throw new CapError('key.malformed', `${what} ${other.name}+${other.keyId}: type ${other.type}, not ${type}`);
}

/** The trusted keys under the name that a log signs with: its origin. */
function keysOfOrigin(origin: string, keys: readonly VerifierKey[]): VerifierKey[] {
  const everyEpoch = epochOf(origin)?.name;
  return keys
    .filter(({ name }) => name === origin || name === everyEpoch)
    .map((key) => (key.name === origin ? key : verifierKey('ed25519', origin, key.publicKey)));
}

/**
 * A cosignature does not cover the witness's name, so that one key under two names would count twice; and the log's own
 * key is no witness of it.
 */
function independentWitnesses(
  verified: ReturnType<typeof checkNoteSignatures>['verified'],
  logKeys: readonly VerifierKey[],
): { name: string; time: number }[] {
  const raw = (key: VerifierKey) => rawPublicKey(key.publicKey).toString('hex');
  const seen = new Set(logKeys.map(raw));
  return verified.flatMap(({ key, time }) => {
    if (seen.has(raw(key))) return [];
    seen.add(raw(key));
    return [{ name: key.name, time: time! }];
  });
}
