export {
  consistencyProof,
  consistencyProofIndexes,
  EMPTY_TREE_HASH,
  inclusionProof,
  inclusionProofIndexes,
  leafHash,
  MAX_TREE_SIZE,
  storedHashCount,
  storedHashesForAppend,
  storedHashIndex,
  treeHash,
  treeHashIndexes,
  type HashReader,
} from './tree.js';
export { verifyConsistency, verifyInclusion } from './tree-proofs.js';
export { formatNote, parseNote, withSignature, type Note, type NoteSignature } from './note.js';
export { formatVerifierKey, parseVerifierKey, verifierKey, type NoteKeyType, type VerifierKey } from './note-keys.js';
export {
  checkNoteSignatures,
  cosignText,
  signNoteText,
  type NoteSigner,
  type VerifiedSignature,
} from './note-signatures.js';
export {
  epochOf,
  formatCheckpointText,
  formatOrigin,
  parseCheckpoint,
  parseCheckpointText,
  parseOrigin,
  signCheckpoint,
  type Checkpoint,
  type EpochOrigin,
  type SignedCheckpoint,
} from './checkpoint.js';
export {
  verifyCheckpoint,
  type CheckpointFailureCode,
  type CheckpointVerification,
  type LogFailure,
  type LogTrust,
} from './checkpoint-trust.js';
export {
  consistencyFault,
  consistencyProofJson,
  needsConsistencyProof,
  parseConsistencyProof,
  type ConsistencyFailureCode,
  type ConsistencyProof,
  type TreeHead,
} from './consistency.js';
export { formatTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.js';
export {
  eventLeaf,
  parseReceipt,
  receiptFromTlogProof,
  receiptJson,
  receiptToTlogProof,
  verifyReceipt,
  type Receipt,
  type ReceiptFailureCode,
  type ReceiptVerification,
} from './receipt.js';
