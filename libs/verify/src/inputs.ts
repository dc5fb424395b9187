import type { Digest } from '@cap/crypto';
import type { ReferenceList } from '@cap/lists/reference-lists';
import type { CompiledPolicy } from '@cap/policy';
import type { BackendName, WorkerPool, Sample, SampledRow } from '@cap/proof';
import type { Report } from './report/report.js';
import type { TrustStore } from './trust/trust-store.js';

/** A policy of the verifier's own, never the bundle's. A policy from a file or from trust.json counts as active. */
export interface VerifierPolicy {
  compiled: CompiledPolicy;
  status: 'active' | 'deprecated' | 'draft';
  /** The registry, which may know another status, could not be asked: this is the trust store's. */
  unconfirmed?: true;
}

/** A reference list as its publisher describes it. Dates are YYYY-MM-DD or RFC 3339 UTC. */
export interface PublishedList {
  id: string;
  list: ReferenceList;
  as_of: string;
  /**
   * The as_of of the newest list with this id that this source knows and that was not withdrawn, null for none; another
   * source may know a newer one.
   */
  newest_as_of: string | null;
  /** Since when nobody should rely on it any more. */
  withdrawn_at?: string | null;
}

/** A list with the record that a registry has of it. */
export const publishedList = (
  { id, as_of, newest_as_of, withdrawn_at }: Required<Omit<PublishedList, 'list'>>,
  list: ReferenceList,
): PublishedList => ({ id, list, as_of, newest_as_of, withdrawn_at });

/**
 * Where a verifier looks things up. Which source a policy or a list came from is not in the report, so that the API and
 * the command line agree to the byte. A look-up that throws (registry unreachable) ends the verification with that error.
 */
export interface VerificationSources {
  /** The policy that the caller named or gave; null to choose by the manifest's hash. */
  policy: VerifierPolicy | null;
  /** The registry's policy with this hash, asked before trust.json. */
  policyByHash?(hash: Digest): Promise<VerifierPolicy | null> | VerifierPolicy | null;
  /** The registry's reference list with this hash, asked before trust.json and the bundle's reference/. */
  referenceList?(hash: Digest): Promise<PublishedList | null> | PublishedList | null;
  /**
   * The as_of of the newest list with this id among all that the source knows and that were not withdrawn; null for none,
   * undefined if the source could not be asked.
   */
  newestList?(id: string): Promise<string | null | undefined> | string | null | undefined;
  /** The earliest registry entry of a bundle, by the registry or a receipt. Asked with checkRegistry only. */
  registryEntry?(bundleId: Digest): Promise<RegistryAnswer> | RegistryAnswer;
  trust: TrustStore | null;
}

/** When a bundle was registered; null for one that is not known, or why nothing shows that it is. */
export type RegistryAnswer = { registered_at: string } | { fault: string } | null;

export interface VerificationOptions {
  /** Accepted backends; absent or `auto`: every one that is built. Naming mock here grants nothing. */
  accepted?: 'auto' | readonly BackendName[];
  /** May a proof that only carries the prover's claims warn instead of fail? */
  allowMock: boolean;
  /** What the caller expects in the statement. */
  audience?: string;
  nonce?: string;
  checkTimestamp?: boolean;
  requireTimestamp?: boolean;
  checkRegistry?: boolean;
  /** Rows of `cap disclose` that must be among those the bundle's zero-knowledge proof is about. */
  sample?: Sample;
  /** RFC 3339 UTC: verify as of this time. */
  at?: string;
  /** Threads for expensive proofs, so that this one stays free; never in the report. */
  pool?: Pick<WorkerPool, 'run'>;
  /** Ends the verification before its next proof, with the signal's reason; what a pool does under way is the pool's. */
  signal?: AbortSignal;
  /** The clock; `at` goes before it. */
  now?: () => Date;
}

export interface Verification {
  result: Report['result'];
  report: Report;
  /** JCS. */
  reportBytes: Buffer;
  reportHash: Digest;
  manifestHash: Digest | null;
  proofHash: Digest | null;
  policyHash: Digest | null;
  /** Backend of the last proof unit; null if none was read. */
  backend: BackendName | null;
  /** kid of the proof's signer; null unless that key made a valid signature. For a legacy bundle, the first signer. */
  signerKid: string | null;
  /** The report's company. */
  company: string | null;
  /** The opened rows, or why they are not those of the proof; null if none were brought. */
  sample: SampledRow[] | { fault: string } | null;
  /** Reference lists that a rule needs and that no source has, by id. */
  missingLists: readonly string[];
  /** From this instant on the same inputs may get another verdict, since time goes on; null: never. */
  validUntil: Date | null;
}
