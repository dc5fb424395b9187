import { z } from 'zod';
import { count, queryNumber } from './scalars.js';

const base64 = z.base64();
const size = queryNumber(0, Number.MAX_SAFE_INTEGER);

/** A C2SP signed note over a checkpoint of the log. */
const signedNote = z.string().meta({ description: 'C2SP tlog-checkpoint as a signed note' });

/** Proof that an event is in the log; verified offline with the log's public key. */
export const receipt = z
  .object({
    log_index: count,
    tree_size: count,
    /** JCS of the event. */
    leaf: base64,
    /** Hashes from the leaf's sibling up. */
    inclusion_proof: z.array(base64),
    checkpoint: signedNote,
  })
  .meta({ id: 'Receipt' });
export type ReceiptRecord = z.infer<typeof receipt>;

/** GET /v1/log/checkpoint: the log's current checkpoint. */
export const checkpointRecord = z
  .object({
    /** Name of the log / epoch. */
    origin: z.string(),
    tree_size: count,
    root_hash: base64,
    checkpoint: signedNote,
    /** C2SP verifier keys of the log, for every epoch. Do not trust keys that you know only from this answer. */
    verifier_keys: z.array(z.string()),
  })
  .meta({ id: 'Checkpoint' });
export type CheckpointRecord = z.infer<typeof checkpointRecord>;

export const inclusionQuery = z.strictObject({
  log_index: size,
  /** Size of the tree to prove against; default: the newest. */
  tree_size: size.optional(),
});
export type InclusionQuery = z.input<typeof inclusionQuery>;

export const consistencyQuery = z.strictObject({
  /** Size of the older tree. */
  from: size,
  /** Size of the newer one; default: the newest. */
  to: size.optional(),
});
export type ConsistencyQuery = z.input<typeof consistencyQuery>;

/** Proof that the tree of `from` events is a prefix of that of `to`, with the checkpoint of the latter. */
export const consistencyRecord = z
  .object({ from: count, to: count, proof: z.array(base64), checkpoint: signedNote })
  .meta({ id: 'ConsistencyProof' });
export type ConsistencyRecord = z.infer<typeof consistencyRecord>;
