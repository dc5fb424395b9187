import { CapError, type JsonValue } from '@cap/core';
import { epochOf, parseCheckpoint, parseTreeHash, type Checkpoint, type SignedCheckpoint } from './checkpoint.js';
import type { LogFailure } from './checkpoint-trust.js';
import { formatNote } from './note.js';
import { MAX_PROOF_HASHES } from './tlog-proof.js';
import { isTreeSize } from './tree.js';
import { verifyConsistency } from './tree-proofs.js';

/** Proof that a log's tree grew out of a smaller one, as a registry answers it. */
export interface ConsistencyProof {
  /** Sizes of the two trees. */
  from: number;
  to: number;
  /** 32 bytes each. */
  proof: Buffer[];
  /** Checkpoint of the tree of size `to`. */
  checkpoint: SignedCheckpoint;
}

const MEMBERS = ['from', 'to', 'proof', 'checkpoint'];

/** An audit path, and the old tree's last full part. */
const MAX_HASHES = MAX_PROOF_HASHES + 1;

const refuse = (why: string, cause?: unknown): never => {
  throw new CapError('consistency.malformed', `consistency proof: ${why}`, { cause });
};

/** Reads a consistency proof (JSON, parsed); verifies nothing. Throws CapError `consistency.malformed` that names the member. */
export function parseConsistencyProof(value: JsonValue): ConsistencyProof {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('not an object');
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) refuse(`unknown member ${unknown.slice(0, 80)}`);
  const { from, to, proof, checkpoint } = value;
  if (!isTreeSize(to)) return refuse('to is not an integer from 0 to 2^52');
  if (!isTreeSize(from) || from > to) return refuse('from is not an integer from 0 to to');
  if (!Array.isArray(proof) || proof.length > MAX_HASHES)
    return refuse(`proof is not an array of at most ${MAX_HASHES} hashes`);
  if (typeof checkpoint !== 'string') return refuse('checkpoint is not a string');
  let read: ConsistencyProof;
  try {
    const hashes = proof.map((hash, i) => parseTreeHash(hash, 'consistency.malformed', `proof[${i}]`));
    read = { from, to, proof: hashes, checkpoint: parseCheckpoint(checkpoint) };
  } catch (cause) {
    return refuse((cause as Error).message, cause);
  }
  if (read.checkpoint.size !== to) refuse(`to is ${to}, the checkpoint's tree size is ${read.checkpoint.size}`);
  return read;
}

/** The JSON form. */
export const consistencyProofJson = ({ from, to, proof, checkpoint }: ConsistencyProof) => ({
  from,
  to,
  proof: proof.map((hash) => hash.toString('base64')),
  checkpoint: formatNote(checkpoint.note),
});

export type ConsistencyFailureCode =
  'consistency.origin' | 'consistency.size' | 'consistency.fork' | 'consistency.proof';

/** What a log says of its tree, without signatures. */
export type TreeHead = Pick<Checkpoint, 'origin' | 'size' | 'root'>;

/** Between an empty tree or one of the same size and another there is nothing to prove. */
export const needsConsistencyProof = (older: TreeHead, newer: TreeHead): boolean =>
  older.origin === newer.origin && older.size > 0 && older.size < newer.size;

/**
 * Why the newer tree is not known to have grown out of the older one, or null if it has. Signatures are another question:
 * verifyCheckpoint.
 */
export function consistencyFault(
  older: TreeHead,
  newer: TreeHead,
  proof: Pick<ConsistencyProof, 'from' | 'to' | 'proof'> | null,
): LogFailure<ConsistencyFailureCode> | null {
  if (older.origin !== newer.origin)
    return { code: 'consistency.origin', message: otherOrigin(older.origin, newer.origin) };
  if (newer.size < older.size)
    return {
      code: 'consistency.size',
      message: `the later tree has ${newer.size} leaves, the earlier one ${older.size}: a log never shrinks`,
    };
  if (newer.size === older.size && !newer.root.equals(older.root))
    return {
      code: 'consistency.fork',
      message: `two different trees of ${newer.size} leaves under the one origin ${newer.origin}: the log has presented two different histories (a fork)`,
    };
  if (proof && (proof.from !== older.size || proof.to !== newer.size))
    return {
      code: 'consistency.proof',
      message: `the proof is from ${proof.from} to ${proof.to} leaves, the checkpoints have ${older.size} and ${newer.size}`,
    };
  const grew = verifyConsistency({
    oldSize: older.size,
    newSize: newer.size,
    oldRoot: older.root,
    newRoot: newer.root,
    proof: proof?.proof ?? [],
  });
  if (grew) return null;
  return {
    code: 'consistency.proof',
    message: `nothing shows that the tree of ${newer.size} leaves grew out of the one of ${older.size}: the proof does not lead from root to root`,
  };
}

function otherOrigin(older: string, newer: string): string {
  const [from, to] = [epochOf(older), epochOf(newer)];
  if (from === null || to === null || from.name !== to.name)
    return `${older} and ${newer} are different logs, so no consistency proof is possible`;
  return (
    `${older} and ${newer} are two epochs of one log: it was restored from a backup in between, and no proof joins ` +
    `their trees. The first event of an epoch names the last known checkpoint of the one before`
  );
}
