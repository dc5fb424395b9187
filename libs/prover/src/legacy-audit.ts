import { GENESIS_DIGEST, type ChainEvent } from '@cap/tlog';
import { jcsText } from '@cap/core';
import { sha3Text, type Digest } from '@cap/crypto';

/**
 * Digest of an event of the audit log v1.0: SHA3-256 of the members one after the other, without separators. Its details
 * were compact JSON with sorted keys, which JCS is for the texts and integers that they held.
 */
const legacyEventDigest = ({ seq, ts, event, details, prev_digest }: Omit<ChainEvent, 'digest'>): Digest =>
  sha3Text(`${seq}${ts}${event}${jcsText(details)}${prev_digest}`);

/** Why `event` can't follow `previous` in a log v1.0, whose seq counts from 1; null if it does. */
export function legacyChainFault(previous: ChainEvent | null, event: ChainEvent): string | null {
  const seq = previous ? previous.seq + 1 : 1;
  if (event.seq !== seq) return `event ${seq}: its seq says ${event.seq}`;
  const prev = previous?.digest ?? GENESIS_DIGEST;
  if (event.prev_digest !== prev)
    return `event ${seq}: prev_digest is ${event.prev_digest}, the event before has ${prev}`;
  const digest = legacyEventDigest(event);
  if (event.digest !== digest) return `event ${seq}: digest is ${event.digest}, expected ${digest}`;
  return null;
}
