import type { ListName, ListRow } from '@cap/lists';
import type { CompiledPolicy } from '@cap/policy';
import type { MerkleSecrets } from '../commitment/merkle-blake3.js';
import type { ProofBackend, ProofContext } from './backend.js';

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

interface ProofParts {
  payload: Uint8Array;
  /** 32 bytes each; zeros where the backend has none. */
  vkHash: Uint8Array;
  paramsHash: Uint8Array;
}

/** A prover's context: the policy is there. */
export type ProvingContext = ProofContext & { policy: CompiledPolicy };

/** The prover's half of a backend. */
export interface BackendProver {
  readonly backend: ProofBackend;
  /** Throws CapError `proof.false-statement` that names rule and rows when a rule does not hold. */
  prove(context: ProvingContext, lists: readonly ProverList[], options?: ProvingOptions): Promise<ProofParts>;
}
