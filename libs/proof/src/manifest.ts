/**
 * @cap/proof/manifest: The manifest: which lists a company committed to, under which policy, compared with which reference lists.
 */
export {
  columnsCommitment,
  type ColumnsCommitment,
  type Commitment,
  type CommitmentScheme,
  commitmentsFault,
  COMMITTED_LISTS,
  ID_SCHEMES,
  type Manifest,
  merkleCommitment,
  parseManifest,
} from './manifest/manifest.js';
