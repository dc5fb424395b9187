import { sha3Text, type Digest } from '@cap/crypto';
import { jcs, type JsonObject } from '@cap/core';

/** One event of a hash chain: the registry's log and a project's audit.jsonl have the same form. */
export interface ChainEvent {
  /** Counts from 0. */
  seq: number;
  /** RFC 3339 UTC. */
  ts: string;
  event: string;
  details: JsonObject;
  prev_digest: Digest;
  /** SHA3-256(JCS of the other five). */
  digest: Digest;
}

export const GENESIS_DIGEST: Digest = `0x${'0'.repeat(64)}`;

export const eventDigest = ({ seq, ts, event, details, prev_digest }: Omit<ChainEvent, 'digest'>): Digest =>
  sha3Text(jcs({ seq, ts, event, details, prev_digest }));

/** The event that follows `previous` (null: the first). */
export function nextEvent(
  previous: Pick<ChainEvent, 'seq' | 'digest'> | null,
  ts: string,
  event: string,
  details: JsonObject,
): ChainEvent {
  const body = {
    seq: previous ? previous.seq + 1 : 0,
    ts,
    event,
    details,
    prev_digest: previous?.digest ?? GENESIS_DIGEST,
  };
  return { ...body, digest: eventDigest(body) };
}

/** Why `event` can't follow `previous`, or null if it does. Names what was expected. */
export function chainFault(previous: Pick<ChainEvent, 'seq' | 'digest'> | null, event: ChainEvent): string | null {
  const seq = previous ? previous.seq + 1 : 0;
  if (event.seq !== seq) return `event ${seq}: its seq says ${event.seq}`;
  const prev = previous?.digest ?? GENESIS_DIGEST;
  if (event.prev_digest !== prev)
    return `event ${seq}: prev_digest is ${event.prev_digest}, the event before has ${prev}`;
  const digest = eventDigest(event);
  if (event.digest !== digest) return `event ${seq}: digest is ${event.digest}, expected ${digest}`;
  return null;
}
