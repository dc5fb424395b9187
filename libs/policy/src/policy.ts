import { type Digest, type JsonObject, type JsonValue } from '@cap/crypto';
import { type IdScheme } from './facts.js';
import { type ListName } from './lists.js';
import { type TableSpec } from './tables/allowed-table.js';

export type LintMode = 'strict' | 'relaxed';

export interface Lint {
  /** E1001, E1002, E1003, E2001, E2003, E2004, E3002 or W1002. */
  code: string;
  level: 'error' | 'warning';
  /** Begins with the place in the policy. */
  message: string;
  rule_id: string | null;
}

/** A rule as a policy or an IR spells it, with the keys that are written and no others, in this order. */
export interface Rule {
  id: string;
  op: string;
  lhs: JsonValue;
  rhs: JsonValue;
  scheme?: IdScheme;
  max_age_days?: number;
  distinct?: boolean;
  unless?: 'due_diligence';
}

/** Which opened rows a threshold counts: those whose field equals `eq`, or one of `in`. */
export type RowPredicate =
  { field: string; eq: string | number | boolean } | { field: string; in: readonly (string | number | boolean)[] };

/** What must be established for a rule to hold. */
export type Need =
  /** At least `min` and at most `max` rows, and, if given, a number of rows that is one of `values` (sorted). */
  | { kind: 'count'; min?: number; max?: number; values?: readonly number[]; distinct?: true }
  /** No row of the list on the reference list; under `scheme` if given, else under the list's own. */
  | { kind: 'disjoint'; reference_list: string; scheme?: IdScheme; max_age_days?: number }
  /** The code of every row in the table. */
  | { kind: 'rows_allowed'; table: TableSpec }
  /** A share of at least `fraction` (decimal text, 0 < fraction <= 1) of the rows opened and meeting `where`. */
  | { kind: 'disclosed'; fields: readonly string[]; where: RowPredicate; fraction: string };

/** What a prover must establish for a rule. */
export interface Requirement {
  rule_id: string;
  list: ListName;
  need: Need;
}

/** A rule ready to be judged. Without a requirement (a lint says why) nothing can show it. */
export interface EvaluableRule {
  id: string;
  requirement: Requirement | null;
}

export interface Activation {
  when: string;
  rules: string[];
}
/** Conditions under which rules are pointed out. They can only add: every rule of a policy always applies. */
export interface Adaptivity {
  predicates?: { id: string; expr: JsonValue }[];
  activations?: Activation[];
}

/** IR v1. */
export interface PolicyIr {
  ir_version: '1.0';
  policy_id: string;
  /** `sha3-256:` + hex. */
  policy_hash: string;
  /** Sorted by id; a string operand is `{"var": …}`. */
  rules: Rule[];
  adaptivity?: Adaptivity;
  /** `sha3-256:` + hex, over the compact JSON of the IR with an empty ir_hash. */
  ir_hash: string;
}

export interface CompiledPolicy {
  format: 'v1' | 'v2';
  /** v1: the policy_id; v2: the policy's id. */
  id: string;
  version: string;
  /** v1: UUIDv8 of the hash's first 16 bytes; v2: `id@version`. */
  policy_id: string;
  policy_hash: Digest;
  /** As the format spells it: `0x…` (v1) or `sha3-256:…` (v2). */
  policy_hash_text: string;
  /** The policy in its one form: members in the format's order, maps sorted. */
  document: JsonObject;
  /** The document's compact JSON, which is what policy_hash is of. */
  canonicalText: string;
  ir: PolicyIr;
  ir_hash: string;
  /** Faults that a policy can be read in spite of. Errors make it unfit for use: see lintErrors(). */
  lints: Lint[];
  /** What the policy says about itself, without its rules. */
  metadata: JsonObject;
  /** In the policy's order. */
  rules: EvaluableRule[];
  /** Of each rule that can be shown at all, in the policy's order. */
  requirements: Requirement[];
}

/** The lints that make a policy unfit for use. */
export const lintErrors = (lints: readonly Lint[]): Lint[] => lints.filter(({ level }) => level === 'error');
