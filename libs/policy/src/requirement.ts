import type { JsonObject } from '@cap/core';
import type { IdScheme } from '@cap/lists';
import type { TableSpec } from './codes.js';

interface CountNeed {
  kind: 'count';
  min?: number;
  max?: number;
  /** Only these numbers. */
  among?: number[];
  distinct?: boolean;
  /** How rows are told apart, for a distinct count. */
  scheme?: IdScheme;
}

interface DisjointNeed {
  kind: 'disjoint';
  reference_list: string;
  /** What is compared; the list must be committed under it. */
  scheme: IdScheme;
  max_age_days?: number;
  /** Decimal text: which part of the reference list's entries may be impossible to compare; none if left out. */
  unmatchable_max?: string;
}

/** What must be established for one rule, by a prover and before a verifier. */
export interface Requirement {
  rule_id: string;
  list: string;
  need:
    | CountNeed
    | DisjointNeed
    | { kind: 'rows_allowed'; table: TableSpec; max_age_days?: number }
    | { kind: 'disclosed'; fields: string[]; where: Predicate; /** decimal text in 0..1 */ fraction: string };
}

interface Predicate {
  field: string;
  eq?: JsonObject[string];
  in?: JsonObject[string][];
}
