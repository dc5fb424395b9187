import { jcsText, type Verdict } from '@cap/core';
import { sha3Text, type Digest } from '@cap/crypto';
import type { RuleResult } from '@cap/policy';
import type { BackendName } from '@cap/proof';
import type { CheckId, CheckStatus } from './checks.js';

export interface Check {
  id: CheckId;
  status: CheckStatus;
  expected: string | null;
  actual: string | null;
  message: { en: string; de: string };
}

/** What the verifier accepts: part of the report, since it decides the verdict. */
export interface Accepted {
  /** Sorted. */
  backends: BackendName[];
  allow_mock: boolean;
}

/** The verdict options that the caller gave, where they differ from the default. */
export interface ReportOptions {
  audience?: string;
  nonce?: string;
  check_registry?: true;
}

/** Whose valid signature the bundle carries. */
interface ReportSigner {
  kid: string;
  /** As the trust store names it; null if it does not. */
  owner: string | null;
}

/** How the rows of a list were compared with a reference list. */
export interface ListComparison {
  list: string;
  scheme: string;
  /** In words, e.g. `name and country`. */
  compared_by: string;
  /** `usable` of its `entries` can match a row under this scheme. */
  reference: { id: string; hash: Digest; as_of: string; usable: number; entries: number };
}

/** Rows that the caller brought, to be compared with those of the proof. */
export interface ReportSample {
  /** `list:place`, as `cap disclose` takes them. */
  places: string[];
  result: 'ok' | 'fail';
}

/**
 * cap-report.v2. Without clock, host or request id: equal inputs give the byte-equal report wherever they are verified.
 * The clock may change a status (and the result that follows from it), never another member.
 */
export interface Report {
  schema: 'cap-report.v2';
  result: Verdict;
  bundle_id: Digest | null;
  /** Null if the bundle holds no manifest at all; likewise the proof. */
  manifest_hash: Digest | null;
  proof_hash: Digest | null;
  /** Hash of the verifier's own policy; null if it has none for this bundle. */
  policy_hash: Digest | null;
  trust_hash: Digest | null;
  accepted: Accepted;
  options: ReportOptions;
  /** The time the caller asked to verify as of, as given; null for now. */
  at: string | null;
  signers: ReportSigner[];
  /** Whom the manifest says it is of: its name, else its LEI. */
  company: string | null;
  /** The times of the last proof unit's statement; null if there is none that can be read. */
  statement: { issued_at: string; expires_at: string | null } | null;
  lists: ListComparison[];
  /** Reserved for rows that a person cleared after a near match: no commitment of this version has any. */
  cleared: never[];
  sample: ReportSample | null;
  /** Reserved for remarks that are no check: this version makes none. */
  notes: never[];
  checks: Check[];
  rules: RuleResult[];
}

/**
 * A failed check, a sample of other rows, a violated or an unproven rule fails; a warning or a mere claim warns, and so does
 * a verdict over no rule at all; skipped never lowers a verdict.
 */
export function verdictOf(
  checks: readonly Check[],
  rules: readonly RuleResult[],
  sample: ReportSample | null = null,
): Verdict {
  const statuses = new Set<string>([...checks, ...rules].map(({ status }) => status));
  if (statuses.has('fail') || statuses.has('violated') || statuses.has('unproven') || sample?.result === 'fail')
    return 'fail';
  return statuses.has('warn') || statuses.has('claimed') || rules.length === 0 ? 'warn' : 'ok';
}

/**
 * The report's bytes (JCS), by which it is hashed, printed and embedded. Members stand here in RFC 8785 order, so that
 * JSON.stringify spells them canonically: a report is written for every request, and a general canonicaliser takes ten
 * times as long. Only the rules' facts have members, and numbers, that are not known here.
 */
export function reportBytes(report: Report): Buffer {
  const { accepted, checks, lists, options, rules, sample, statement } = report;
  const head = JSON.stringify({
    accepted: { allow_mock: accepted.allow_mock, backends: accepted.backends },
    at: report.at,
    bundle_id: report.bundle_id,
    checks: checks.map(({ actual, expected, id, message: { de, en }, status }) => ({
      actual,
      expected,
      id,
      message: { de, en },
      status,
    })),
    cleared: report.cleared,
    company: report.company,
    lists: lists.map(({ compared_by, list, reference: { as_of, entries, hash, id, usable }, scheme }) => ({
      compared_by,
      list,
      reference: { as_of, entries, hash, id, usable },
      scheme,
    })),
    manifest_hash: report.manifest_hash,
    notes: report.notes,
    options: { audience: options.audience, check_registry: options.check_registry, nonce: options.nonce },
    policy_hash: report.policy_hash,
    proof_hash: report.proof_hash,
    result: report.result,
  });
  const tail = JSON.stringify({
    sample: sample && { places: sample.places, result: sample.result },
    schema: report.schema,
    signers: report.signers.map(({ kid, owner }) => ({ kid, owner })),
    statement: statement && { expires_at: statement.expires_at, issued_at: statement.issued_at },
    trust_hash: report.trust_hash,
  });
  return Buffer.from(`${head.slice(0, -1)},"rules":${jcsText(rules)},${tail.slice(1)}`, 'utf8');
}

/** SHA3-256 of the report's bytes. */
export const reportHash = (bytes: Uint8Array): Digest => sha3Text(bytes);
