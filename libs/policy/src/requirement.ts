import { type JsonObject } from '@cap/crypto';
import { type TableSpec } from './codes.js';
import { type IdScheme } from './facts.js';

/** What must be established for one rule, by a prover and before a verifier. */
export interface Requirement {
  rule_id: string;
  list: string;
  need:
    | { kind: 'count'; min?: number; max?: number; /** only these numbers */ among?: number[]; distinct?: boolean }
    | { kind: 'disjoint'; reference_list: string; scheme?: IdScheme; max_age_days?: number }
    | { kind: 'rows_allowed'; table: TableSpec; max_age_days?: number }
    | { kind: 'disclosed'; fields: string[]; where: Predicate; /** decimal text in 0..1 */ fraction: string };
}

export interface Predicate {
  field: string;
  eq?: JsonObject[string];
  in?: JsonObject[string][];
}
