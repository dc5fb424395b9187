import { type Digest } from '@cap/crypto';
import { type IdScheme } from '@cap/policy';

/** One commitment of a list; further members belong to its scheme. A list may be committed to under several schemes. */
export interface MerkleCommitment {
  list: string;
  scheme: 'merkle-blake3.v2';
  id_scheme: IdScheme;
  root: Digest;
  count: number;
}
export type Commitment = MerkleCommitment;

/** manifest.json, format cap-manifest.v2. */
export interface Manifest {
  schema: 'cap-manifest.v2';
  manifest_id: string;
  company: { name?: string; lei?: string };
  created_at: string;
  as_of: string;
  policy: { id: string; version: string; hash: Digest };
  commitments: Commitment[];
  /** SHA3-256(JCS(commitments)). */
  company_commitment_root: Digest;
  reference_lists: { id: string; hash: Digest; as_of: string }[];
  audit: { tail_digest: Digest; events_count: number };
}
