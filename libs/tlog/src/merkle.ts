/** @cap/tlog/merkle: The Merkle tree of RFC 6962 by itself: stored hashes, roots and proofs. Start in tree.ts. */
export { GrowingTree } from './growing-tree.js';
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
