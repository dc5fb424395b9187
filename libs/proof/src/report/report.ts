import { jcsText, sha3Text, type Digest } from '@cap/crypto';
import { type RuleResult } from '@cap/policy';
import { type BackendName } from '../backends/backend.js';
import { type CheckId, type CheckStatus } from './checks.js';

export type Verdict = 'ok' | 'warn' | 'fail';

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
  allow_embedded_ir: boolean;
}

/** The verdict options that the caller gave, where they differ from the default. */
export interface ReportOptions {
  audience?: string;
  nonce?: string;
  check_registry?: true;
}

/**
 * cap-report.v2. Without clock, host or request id: equal inputs give the byte-equal report wherever they are judged.
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
  /** The time the caller asked to judge at, as given; null for now. */
  at: string | null;
  checks: Check[];
  rules: RuleResult[];
}

/** A failed check, a violated or an unproven rule fails; a warning or a mere claim warns; skipped never lowers a verdict. */
export function verdictOf(checks: readonly Check[], rules: readonly RuleResult[]): Verdict {
  const statuses = new Set<string>([...checks, ...rules].map(({ status }) => status));
  if (statuses.has('fail') || statuses.has('violated') || statuses.has('unproven')) return 'fail';
  return statuses.has('warn') || statuses.has('claimed') ? 'warn' : 'ok';
}

/**
 * The report's bytes (JCS), by which it is hashed, printed and embedded. Members stand here in RFC 8785 order, so that
 * JSON.stringify spells them canonically: a report is written for every request, and a general canonicaliser takes ten
 * times as long. Only the rules' facts have members, and numbers, that are not known here.
 */
export function reportBytes(report: Report): Buffer {
  const { accepted, checks, options, rules } = report;
  const head = JSON.stringify({
    accepted: {
      allow_embedded_ir: accepted.allow_embedded_ir,
      allow_mock: accepted.allow_mock,
      backends: accepted.backends,
    },
    at: report.at,
    bundle_id: report.bundle_id,
    checks: checks.map(({ actual, expected, id, message: { de, en }, status }) => ({
      actual,
      expected,
      id,
      message: { de, en },
      status,
    })),
    manifest_hash: report.manifest_hash,
    options: { audience: options.audience, check_registry: options.check_registry, nonce: options.nonce },
    policy_hash: report.policy_hash,
    proof_hash: report.proof_hash,
    result: report.result,
  });
  const tail = JSON.stringify({ schema: report.schema, trust_hash: report.trust_hash });
  return Buffer.from(`${head.slice(0, -1)},"rules":${jcsText(rules)},${tail.slice(1)}`, 'utf8');
}

/** SHA3-256 of the report's bytes. */
export const reportHash = (bytes: Uint8Array): Digest => sha3Text(bytes);
