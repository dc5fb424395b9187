import type { Digest } from '@cap/crypto';
import type { JsonValue } from '@cap/core';
import type { IdScheme } from '@cap/lists';
import type { ListedIdentifiers } from '@cap/lists/reference-lists';
import type { TableSpec } from './codes.js';

/** What a verified proof has established. Rules are evaluated over these and nothing else. */
export type Fact =
  /** The list has at least `min` and at most `max` rows; an absent bound is unknown. */
  | { kind: 'count'; list: string; min?: number; max?: number }
  /** No two rows of the list have the same identifier under `id_scheme`. */
  | { kind: 'distinct'; list: string; id_scheme: IdScheme }
  /** No row's identifier (under `id_scheme`) is on the reference list with this hash. */
  | { kind: 'disjoint'; list: string; reference_list: string; hash: Digest; id_scheme: IdScheme }
  /** Every row's code is in the table with this hash. */
  | { kind: 'rows_allowed'; list: string; table_hash: Digest }
  /** Opened rows, with the fields that were opened. `complete`: they are all rows of the list. */
  | { kind: 'disclosed'; list: string; complete: boolean; rows: DisclosedRow[] };

export interface DisclosedRow {
  /** Index in the list's sorted leaves. */
  index: number;
  fields: Record<string, JsonValue>;
}

/** How much the facts are worth: by a zero-knowledge proof, by opened rows, or only by the prover's word. */
export type FactStrength = 'proven' | 'disclosed' | 'claimed';

export type RuleStatus = 'proven' | 'disclosed' | 'claimed' | 'violated' | 'unproven';

/** One line of the report's `rules`. */
export interface RuleResult {
  rule_id: string;
  status: RuleStatus;
  /** The fact (or, for a claim, the claim) that decides it; null if none does. Rows are never repeated here. */
  fact: JsonValue;
  /** Why no proof over this commitment or this reference list could decide an unproven rule. */
  message?: { en: string; de: string };
}

/** What the verifier itself holds: facts about lists and tables count only under these hashes. */
export interface EvaluationContext {
  /** The hash of each of the manifest's reference lists, by id. */
  lists: ReadonlyMap<string, Digest>;
  /** The table of a spec as the verifier computes it; null when it lacks the list for it. */
  allowedCodes(spec: TableSpec, list: string): { codes: ReadonlySet<number>; table_hash: Digest } | null;
  /** A reference list's identifiers under a scheme; null if its contents are not available. */
  listedIdentifiers(referenceList: string, scheme: IdScheme): ListedIdentifiers | null;
  /** The scheme that each list is committed under, as far as one is known. */
  idSchemes: ReadonlyMap<string, IdScheme>;
}
