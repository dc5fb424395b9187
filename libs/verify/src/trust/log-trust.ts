import { CapError } from '@cap/core';
import type { LogTrust } from '@cap/tlog';
import { parseVerifierKey, type NoteKeyType, type VerifierKey } from '@cap/tlog/notes';
import { publicKeyText } from '@cap/crypto';

/** What a trust document says about logs: C2SP verifier keys, `name+key id+base64`. */
export interface LogTrustRecord {
  log_keys: string[];
  witness_keys: string[];
  /** How many of the witnesses must have cosigned a checkpoint. */
  witness_threshold: number;
}

/**
 * The log and witness keys that a trust document trusts. Throws CapError `trust.invalid` that names the member: a key that
 * is none or of the wrong type, a threshold that these witnesses can never reach.
 */
export function logTrustOf(document: LogTrustRecord, name = 'trust.json'): LogTrust {
  const logKeys = document.log_keys.map((text, i) => keyOf(text, 'ed25519', `${name}: log_keys.${i}`));
  const witnessKeys = document.witness_keys.map((text, i) =>
    keyOf(text, 'cosignature/v1', `${name}: witness_keys.${i}`),
  );
  const { witness_threshold } = document;
  // As verifyCheckpoint counts them.
  const ofLogs = new Set(logKeys.map(rawText));
  const witnesses = new Set(witnessKeys.map(rawText).filter((key) => !ofLogs.has(key))).size;
  if (witness_threshold > witnesses)
    throw new CapError(
      'trust.invalid',
      `${name}: witness_threshold is ${witness_threshold}, more than the witnesses there are: ${witnesses} (a key counts once, and the log's own is no witness)`,
    );
  return { logKeys, witnessKeys, witnessThreshold: witness_threshold };
}

const rawText = ({ publicKey }: VerifierKey): string => publicKeyText(publicKey);

const WHO: Record<NoteKeyType, string> = { ed25519: "a log's", 'cosignature/v1': "a witness's" };

function keyOf(text: string, type: NoteKeyType, place: string): VerifierKey {
  let key: VerifierKey;
  try {
    key = parseVerifierKey(text, place);
  } catch (cause) {
    throw new CapError('trust.invalid', (cause as Error).message, { cause });
  }
  if (key.type !== type) throw new CapError('trust.invalid', `${place}: ${WHO[key.type]} key, expected ${WHO[type]}`);
  return key;
}
