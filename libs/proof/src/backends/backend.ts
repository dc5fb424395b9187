import type { Digest } from '@cap/crypto';
import type { NamedReferenceList } from '@cap/lists/reference-lists';
import type { CompiledPolicy, Fact, FactStrength } from '@cap/policy';
import type { CommitmentScheme, Manifest } from '../manifest/manifest.js';
import type { BackendName, Statement } from '../statement/statement.js';
import type { WorkerPool } from './kzg-columns/pool.js';
import type { StepOutcome } from './outcome.js';

/** What prover and verifier both know when a proof is made or verified. The verifier fills it from its own policy and lists. */
export interface ProofContext {
  manifest: Manifest;
  manifestHash: Digest;
  /** The policy to prove or verify by; null if the verifier knows none. */
  policy: CompiledPolicy | null;
  /** Hash of `policy`, or the manifest's when there is none. */
  policyHash: Digest;
  statement: Statement;
  /** Contents of the manifest's reference lists, by list id, as far as they are available. */
  referenceLists: ReadonlyMap<string, NamedReferenceList>;
}

/** Where a proof is verified. */
export interface VerifyingOptions {
  /** Threads that expensive proofs are verified on; on this one if left out. */
  pool?: Pick<WorkerPool, 'run'>;
  /** Ends the verification before its next proof, with the signal's reason. */
  signal?: AbortSignal;
}

export interface BackendVerdict {
  /** Is the proof bound to this manifest, policy and statement? */
  binding: StepOutcome;
  /** Is the proof itself right? The very outcome of the binding when it was not looked at. */
  validity: StepOutcome;
  /** Facts the proof establishes; empty unless binding and validity are ok. */
  facts: Fact[];
  /** A claims-only backend reports these instead of facts. */
  claims?: { rule_id: string; ok: boolean }[];
}

/**
 * A way of proving, as a verifier knows it. To add a backend: a folder of its own, one line in backends/index.ts and one in
 * backends/provers.ts (its prover's half); nothing else asks for a backend by name.
 */
export interface ProofBackend {
  readonly name: BackendName;
  /** The byte in the CAPZ header. */
  readonly id: number;
  /** What its facts are worth in the report. */
  readonly strength: FactStrength;
  /** The commitment schemes that it can prove over. */
  readonly schemes: readonly CommitmentScheme[];
  /** vk_hash and params_hash that a proof of this context must carry. */
  verifyingKey(context: ProofContext): { vkHash: Uint8Array; paramsHash: Uint8Array };
  /**
   * Never throws for what the payload holds. Null if the verifier lacks what it needs to verify it (a policy, a reference list);
   * other checks say so.
   */
  verify(context: ProofContext, payload: Uint8Array, options?: VerifyingOptions): Promise<BackendVerdict | null>;
}
