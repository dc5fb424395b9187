/**
 * A transparency log: checkpoints of C2SP (checkpoint.ts, checkpoint-trust.ts), receipts that are verified offline (receipt.ts)
 * and the hash chain of events that are its leaves (events.ts). Nothing here reads a disk or a clock. Entry points of their own:
 * merkle.ts (the tree of RFC 6962 with Go's stored-hash numbering), notes.ts (signed notes and their keys) and consistency.ts
 * (proofs that a log only grew). Start in tree.ts; docs/log.md is its page.
 */
export { type CheckpointVerification, type LogFailure, type LogTrust, verifyCheckpoint } from './checkpoint-trust.js';
export {
  epochOf,
  formatCheckpointText,
  formatOrigin,
  parseCheckpoint,
  parseOrigin,
  type SignedCheckpoint,
} from './checkpoint.js';
export { type ChainEvent, chainFault, GENESIS_DIGEST, nextEvent } from './events.js';
export {
  eventLeaf,
  parseReceipt,
  type Receipt,
  receiptFromTlogProof,
  receiptJson,
  receiptToTlogProof,
  verifyReceipt,
} from './receipt.js';
