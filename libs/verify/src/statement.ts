import { kidOfText } from '@cap/crypto';
import { type Statement, type ProofUnit } from '@cap/proof';
import { type CheckList } from './report/check-list.js';
import { type Clock } from './clock.js';
import { type VerificationOptions } from './inputs.js';
import { type Signatory } from './signatures.js';

/** Proofs of the older program state nothing of this. */
type Stating = { statement: Omit<Statement, 'signer' | 'issued_at'> };

/**
 * statement.signer: of every proof unit. Whoever signs a bundle may only present proofs of his own, since anybody who has seen
 * one could otherwise sign it as his. Skipped if there is no valid signature, which has failed a check of its own.
 */
export function checkStatementSigner(
  units: readonly ProofUnit[],
  signatories: readonly Signatory[],
  checks: CheckList,
): void {
  if (signatories.length === 0) return;
  for (const { statement } of units)
    checks.record('statement.signer', signatoryOf(statement, signatories) ? 'ok' : 'fail', {
      expected: `a valid signature by ${kidOfText(statement.signer)}`,
      actual: signatories.map(({ kid }) => kid).join(', '),
    });
}

/** Compared by the whole key: a key id is only half of its hash. */
const signatoryOf = ({ signer }: Statement, signatories: readonly Signatory[]): Signatory | undefined =>
  signatories.find(({ publicKey }) => publicKey === signer);

/** kid of the key that the statements name (the last in dependency order, as for every hash); null unless it signed the bundle. */
export const statementSigner = (units: readonly ProofUnit[], signatories: readonly Signatory[]): string | null => {
  const last = units.at(-1);
  return (last && signatoryOf(last.statement, signatories)?.kid) ?? null;
};

/** statement.audience, statement.nonce: of every proof unit, and only as far as the caller asks. */
export function checkStatements(
  units: readonly Stating[],
  { audience, nonce }: VerificationOptions,
  checks: CheckList,
): void {
  if (audience !== undefined) compare(units, 'audience', audience, checks);
  if (nonce !== undefined) compare(units, 'nonce', nonce, checks);
}

function compare(units: readonly Stating[], member: 'audience' | 'nonce', expected: string, checks: CheckList): void {
  for (const { statement } of units) {
    const actual = statement[member] ?? null;
    checks.record(`statement.${member}`, actual === expected ? 'ok' : 'fail', { expected, actual });
  }
}

/** How far the clocks of prover and verifier may differ: 5 minutes, in milliseconds. */
export const CLOCK_TOLERANCE = 300_000;

interface Times {
  /** RFC 3339: when each part of the bundle says it was made. */
  made: readonly string[];
  /** RFC 3339: when the statements end. */
  ends: readonly string[];
}

/**
 * statement.time: judged for every bundle, at the trusted time of its signature if there is one, else at the time of this
 * verification. A time that the caller names must lie after the bundle was made even if a trusted time is known: at that
 * time nobody could have seen it.
 */
export function checkTimes(
  { made, ends }: Times,
  trusted: Date | null,
  at: string | undefined,
  clock: Clock,
  checks: CheckList,
): void {
  const starts = made.map((time) => new Date(Date.parse(time) - CLOCK_TOLERANCE));
  const early = starts.some((start) => clock.isBefore(start, trusted) || (at !== undefined && new Date(at) < start));
  const late = ends.some((end) => clock.isAfter(new Date(end), trusted));
  // The same particulars whatever the status: the clock decides nothing but that.
  checks.record('statement.time', early || late ? 'fail' : 'ok', {
    expected: [`from ${latest(made)}`, ...(ends.length > 0 ? [`to ${earliest(ends)}`] : [])].join(' '),
    actual: trusted ? trusted.toISOString() : null,
  });
}

const byTime = (a: string, b: string): number => Date.parse(a) - Date.parse(b);
const latest = (times: readonly string[]): string => [...times].sort(byTime).at(-1)!;
const earliest = (times: readonly string[]): string => [...times].sort(byTime)[0]!;
