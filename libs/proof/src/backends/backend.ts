import { type Digest, type PublicKeyText } from '@cap/crypto';
import { type CompiledPolicy, type Fact, type FactStrength } from '@cap/policy';
import { type ListName, type ListRow, type NamedReferenceList } from '@cap/lists';
import { type MerkleSecrets } from '../commitment/merkle-blake3.js';
import { type CommitmentScheme, type Manifest } from '../manifest/manifest.js';
import { type WorkerPool } from './kzg-columns/pool.js';

export type BackendName = 'mock' | 'disclosure' | 'kzg-columns';

/** What a proof is bound to besides manifest and policy; times are the bytes that stand in _meta.json. */
export interface Statement {
  /** The Ed25519 public key of whoever makes the proof, `0x` + 64 hex: only a bundle that this key signed may carry it. */
  signer: PublicKeyText;
  audience?: string;
  nonce?: string;
  issued_at: string;
  expires_at?: string;
}

/** What prover and verifier both know when a proof is made or judged. The verifier fills it from its own policy and lists. */
export interface ProofContext {
  manifest: Manifest;
  manifestHash: Digest;
  /** The policy to prove or judge by; null if the verifier knows none. */
  policy: CompiledPolicy | null;
  /** Hash of `policy`, or the manifest's when there is none. */
  policyHash: Digest;
  statement: Statement;
  /** Contents of the manifest's reference lists, by list id, as far as they are at hand. */
  referenceLists: ReadonlyMap<string, NamedReferenceList>;
}

/** The prover's secret side of one list. */
export interface ProverList {
  list: ListName;
  /** In the order of the commitment's leaves. */
  rows: readonly ListRow[];
  /** Line of each row in the file it came from, for messages. */
  lines: readonly number[];
  secrets: MerkleSecrets;
  /** What everything random in the kzg-columns.v1 commitment comes from, 32 bytes; null in a project without one. */
  columnsSeed: Uint8Array | null;
}

/** How a proof is made. */
export interface ProvingOptions {
  /** Threads beside this one; 0 if left out. */
  threads?: number;
  /** Called as the work goes on. */
  progress?(done: number, of: number): void;
}

/** Where a proof is verified. */
export interface VerifyingOptions {
  /** Threads that expensive proofs are verified on; on this one if left out. */
  pool?: Pick<WorkerPool, 'run'>;
  /** Ends the verification before its next proof, with the signal's reason. */
  signal?: AbortSignal;
}

export interface ProofParts {
  payload: Uint8Array;
  /** 32 bytes each; zeros where the backend has none. */
  vkHash: Uint8Array;
  paramsHash: Uint8Array;
}

/** The outcome of one step: ok, or why not, with what was expected and found. */
export type StepOutcome = { ok: true } | { ok: false; expected: string; actual: string; reason: string };

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
 * A way of proving. A further backend enters with a folder of its own and one line in backends/index.ts; nothing else
 * asks for a backend by name.
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
  /** Throws CapError `proof.false-statement` that names rule and rows when a rule does not hold. */
  prove(
    context: ProofContext & { policy: CompiledPolicy },
    lists: readonly ProverList[],
    options?: ProvingOptions,
  ): Promise<ProofParts>;
  /**
   * Never throws for what the payload holds. Null if the verifier lacks what it needs to judge (a policy, a reference list);
   * other checks say so.
   */
  verify(context: ProofContext, payload: Uint8Array, options?: VerifyingOptions): Promise<BackendVerdict | null>;
}
