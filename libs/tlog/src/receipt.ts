import { strictBase64, isDigest } from '@cap/crypto';
import { CapError, isCanonicalJson, jcs, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import { chainFault, type ChainEvent } from './events.js';
import { parseCheckpoint, parseTreeHash, type SignedCheckpoint } from './checkpoint.js';
import { verifyCheckpoint, type CheckpointFailureCode, type LogFailure, type LogTrust } from './checkpoint-trust.js';
import { formatNote } from './note.js';
import { MAX_PROOF_HASHES, formatTlogProof, parseTlogProof } from './tlog-proof.js';
import { isTreeSize, leafHash } from './tree.js';
import { verifyInclusion } from './tree-proofs.js';

/** Proof that an event is in the log: all that is needed to verify it offline, except for the trusted keys. */
export interface Receipt {
  log_index: number;
  tree_size: number;
  /** JCS(event). */
  leaf: Buffer;
  /** Hashes from the leaf's sibling up; 32 bytes each. */
  inclusion_proof: Buffer[];
  checkpoint: SignedCheckpoint;
}

/** The bytes that the log takes in for an event. */
export const eventLeaf = (event: ChainEvent): Buffer => jcs(event);

const MEMBERS = ['log_index', 'tree_size', 'leaf', 'inclusion_proof', 'checkpoint'];

const refuseReceipt = (why: string, cause?: unknown): never => {
  throw new CapError('receipt.malformed', `receipt: ${why}`, { cause });
};

const isPlainObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a receipt (JSON, parsed); verifies nothing. Throws CapError `receipt.malformed` that names the member. */
export function parseReceipt(value: JsonValue): Receipt {
  if (!isPlainObject(value)) return refuseReceipt('not an object');
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) refuseReceipt(`unknown member ${unknown.slice(0, 80)}`);
  const { log_index, tree_size, leaf, inclusion_proof, checkpoint } = value;
  if (!isTreeSize(tree_size)) return refuseReceipt('tree_size is not an integer from 0 to 2^52');
  if (!isTreeSize(log_index) || log_index >= tree_size)
    return refuseReceipt('log_index is not an integer from 0 to below tree_size');
  if (!Array.isArray(inclusion_proof) || inclusion_proof.length > MAX_PROOF_HASHES)
    return refuseReceipt(`inclusion_proof is not an array of at most ${MAX_PROOF_HASHES} hashes`);
  if (typeof checkpoint !== 'string') return refuseReceipt('checkpoint is not a string');
  try {
    return {
      log_index,
      tree_size,
      leaf: strictBase64(leaf, 'leaf'),
      inclusion_proof: inclusion_proof.map((hash, i) =>
        parseTreeHash(hash, 'receipt.malformed', `inclusion_proof[${i}]`),
      ),
      checkpoint: parseCheckpoint(checkpoint),
    };
  } catch (cause) {
    return refuseReceipt((cause as Error).message, cause);
  }
}

/** The JSON form. */
export const receiptJson = ({ log_index, tree_size, leaf, inclusion_proof, checkpoint }: Receipt) => ({
  log_index,
  tree_size,
  leaf: leaf.toString('base64'),
  inclusion_proof: inclusion_proof.map((hash) => hash.toString('base64')),
  checkpoint: formatNote(checkpoint.note),
});

/** The same as a C2SP tlog-proof file; the leaf is its extra data. */
export const receiptToTlogProof = ({ log_index, leaf, inclusion_proof, checkpoint }: Receipt): string =>
  formatTlogProof({ extra: leaf, index: log_index, inclusionProof: inclusion_proof, checkpoint });

/** Reads a tlog-proof file that holds its leaf. Throws CapError `tlog-proof.malformed`, `note.malformed`, `checkpoint.malformed`. */
export function receiptFromTlogProof(input: string | Uint8Array): Receipt {
  const { extra, index, inclusionProof, checkpoint } = parseTlogProof(input);
  if (extra === null)
    throw new CapError('tlog-proof.malformed', 'tlog-proof: no extra line; a receipt has its leaf there');
  return {
    log_index: index,
    tree_size: checkpoint.size,
    leaf: extra,
    inclusion_proof: inclusionProof,
    checkpoint,
  };
}

type ReceiptFailureCode = CheckpointFailureCode | 'receipt.tree-size' | 'receipt.inclusion' | 'receipt.leaf';

/** What holds of a receipt. */
interface ReceiptVerification {
  /** No failures: the log's key vouches for a tree that holds this event, and enough witnesses have seen that tree. */
  valid: boolean;
  origin: string;
  /** Names of the log's keys whose signature holds. */
  signed_by: string[];
  /** True if the leaf is at its index under the root of the checkpoint, whoever signed it. */
  included: boolean;
  /** Witnesses whose cosignature holds; `time` in seconds since 1970. */
  witnesses: { name: string; time: number }[];
  /** The leaf as an event, if it is a well-formed one with this index. */
  event: ChainEvent | null;
  failures: LogFailure<ReceiptFailureCode>[];
}

/** Checks a receipt offline. Never throws for what the receipt holds; CapError `key.malformed` for a key of the wrong type. */
export function verifyReceipt(receipt: Receipt, trust: LogTrust): ReceiptVerification {
  const { checkpoint, log_index, tree_size, leaf } = receipt;
  const signatures = verifyCheckpoint(checkpoint, trust);
  const failures: LogFailure<ReceiptFailureCode>[] = [...signatures.failures];
  if (tree_size !== checkpoint.size)
    failures.push({
      code: 'receipt.tree-size',
      message: `tree_size is ${tree_size}, the checkpoint's is ${checkpoint.size}`,
    });
  const included = verifyInclusion({
    index: log_index,
    size: checkpoint.size,
    leafHash: leafHash(leaf),
    root: checkpoint.root,
    proof: receipt.inclusion_proof,
  });
  if (!included)
    failures.push({
      code: 'receipt.inclusion',
      message: `the proof does not lead from the leaf at ${log_index} to the root of the checkpoint`,
    });
  const read = readLeaf(leaf, log_index);
  if ('fault' in read) failures.push({ code: 'receipt.leaf', message: `leaf: ${read.fault}` });
  return {
    valid: failures.length === 0,
    origin: checkpoint.origin,
    signed_by: signatures.signed_by,
    included,
    witnesses: signatures.witnesses,
    event: 'event' in read ? read.event : null,
    failures,
  };
}

const EVENT_MEMBERS = ['details', 'digest', 'event', 'prev_digest', 'seq', 'ts'];

function readLeaf(leaf: Uint8Array, index: number): { event: ChainEvent } | { fault: string } {
  let value: JsonValue;
  try {
    value = parseJson(leaf, 'event');
  } catch (cause) {
    return { fault: (cause as Error).message };
  }
  if (!isCanonicalJson(leaf, value)) return { fault: 'not canonical JSON' };
  if (!isEvent(value)) return { fault: `not an event {${EVENT_MEMBERS.join(', ')}}` };
  if (value.seq !== index) return { fault: `its seq is ${value.seq}, its index in the log is ${index}` };
  // The event before is not at hand: only this one's own digest is checked.
  const fault = chainFault(index === 0 ? null : { seq: index - 1, digest: value.prev_digest }, value);
  return fault === null ? { event: value } : { fault };
}

function isEvent(value: JsonValue): value is JsonObject & ChainEvent {
  return (
    isPlainObject(value) &&
    Object.keys(value).sort().join() === EVENT_MEMBERS.join() &&
    typeof value.seq === 'number' &&
    typeof value.ts === 'string' &&
    typeof value.event === 'string' &&
    isPlainObject(value.details) &&
    isDigest(value.prev_digest) &&
    isDigest(value.digest)
  );
}
