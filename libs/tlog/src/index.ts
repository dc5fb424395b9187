/**
 * A transparency log: the Merkle tree of RFC 6962 with Go's stored-hash numbering (tree.ts, tree-proofs.ts), signed notes and
 * checkpoints of C2SP (note.ts, checkpoint.ts, checkpoint-trust.ts), receipts that are verified offline (receipt.ts) and the
 * hash chain of events that are its leaves (events.ts). Nothing here reads a disk or a clock. Start in tree.ts; docs/log.md is its page.
 */
export { type CheckpointVerification, type LogFailure, type LogTrust, verifyCheckpoint } from './checkpoint-trust.js';
export {
  epochOf,
  formatCheckpointText,
  formatOrigin,
  parseCheckpoint,
  parseOrigin,
  signCheckpoint,
  type SignedCheckpoint,
} from './checkpoint.js';
export {
  type ConsistencyFailureCode,
  consistencyFault,
  type ConsistencyProof,
  consistencyProofJson,
  needsConsistencyProof,
  parseConsistencyProof,
  type TreeHead,
} from './consistency.js';
export { type ChainEvent, chainFault, GENESIS_DIGEST, nextEvent } from './events.js';
export { GrowingTree } from './growing-tree.js';
export { formatVerifierKey, type NoteKeyType, parseVerifierKey, verifierKey, type VerifierKey } from './note-keys.js';
export { cosignText, signNoteText } from './note-signatures.js';
export { formatNote, type Note, withSignature } from './note.js';
export {
  eventLeaf,
  parseReceipt,
  type Receipt,
  receiptFromTlogProof,
  receiptJson,
  receiptToTlogProof,
  verifyReceipt,
} from './receipt.js';
export { verifyConsistency, verifyInclusion } from './tree-proofs.js';
export {
  consistencyProof,
  consistencyProofIndexes,
  type HashReader,
  inclusionProof,
  inclusionProofIndexes,
  leafHash,
  storedHashCount,
  storedHashesForAppend,
  storedHashIndex,
  treeHash,
  treeHashIndexes,
} from './tree.js';
