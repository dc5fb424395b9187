import { kidOfText } from '@cap/crypto';
import type { Statement } from '@cap/proof';
import type { BundleMeta, ProofUnit } from '@cap/proof/bundle';
import { finding, type Finding } from './report/findings.js';
import type { Clock } from './clock.js';
import type { VerificationOptions } from './inputs.js';
import type { CheckedManifests } from './manifests.js';
import type { Signatory } from './signatures.js';

/** Proofs of the older program lack signer and issue time. */
type WithStatement = { statement: Omit<Statement, 'signer' | 'issued_at'> };

/**
 * statement.signer: of every proof unit. The signer of a bundle may present only proofs of their own: otherwise anyone who has
 * seen a proof could sign it as their own. Skipped if there is no valid signature, which has failed a check of its own.
 */
export function checkStatementSigner(units: readonly ProofUnit[], signatories: readonly Signatory[]): Finding[] {
  if (signatories.length === 0) return [];
  const actual = signatories.map(({ kid }) => kid).join(', ');
  return units.map(({ statement }) =>
    finding('statement.signer', signatoryOf(statement, signatories) ? 'ok' : 'fail', {
      expected: `a valid signature by ${kidOfText(statement.signer)}`,
      actual,
    }),
  );
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
export const checkStatements = (
  units: readonly WithStatement[],
  { audience, nonce }: VerificationOptions,
): Finding[] => [
  ...(audience === undefined ? [] : compare(units, 'audience', audience)),
  ...(nonce === undefined ? [] : compare(units, 'nonce', nonce)),
];

const compare = (units: readonly WithStatement[], member: 'audience' | 'nonce', expected: string): Finding[] =>
  units.map(({ statement }) => {
    const actual = statement[member] ?? null;
    return finding(`statement.${member}`, actual === expected ? 'ok' : 'fail', { expected, actual });
  });

/** How far the clocks of prover and verifier may differ: 5 minutes, in milliseconds. */
export const CLOCK_TOLERANCE = 300_000;

/** The parts of a bundle that say when they were made. */
interface DatedParts {
  meta: BundleMeta;
  manifests: CheckedManifests;
  units: readonly ProofUnit[];
}

/**
 * statement.time: checked for every bundle, at the trusted time of its signature if there is one, else at the time of this
 * verification. A time that the caller names must lie after the bundle was made even if a trusted time is known: at that
 * time nobody could have seen it.
 */
export function checkTimes(
  { meta, manifests, units }: DatedParts,
  trusted: Date | null,
  at: string | undefined,
  clock: Clock,
): Finding[] {
  if (units.length === 0) return [];
  const statements = units.map(({ statement }) => statement);
  const made = [
    meta.created_at,
    ...[...manifests.values()].map(({ manifest }) => manifest.created_at),
    ...statements.map(({ issued_at }) => issued_at),
  ];
  const ends = statements.flatMap(({ expires_at }) => expires_at ?? []);
  const starts = made.map((time) => new Date(Date.parse(time) - CLOCK_TOLERANCE));
  const early = starts.some((start) => clock.isBefore(start, trusted) || (at !== undefined && new Date(at) < start));
  const late = ends.some((end) => clock.isAfter(new Date(end), trusted));
  // `expected` and `actual` must not depend on the clock; only the status may.
  return [
    finding('statement.time', early || late ? 'fail' : 'ok', {
      expected: [`from ${latest(made)}`, ...(ends.length > 0 ? [`to ${earliest(ends)}`] : [])].join(' '),
      actual: trusted ? trusted.toISOString() : null,
    }),
  ];
}

const byTime = (a: string, b: string): number => Date.parse(a) - Date.parse(b);
const latest = (times: readonly string[]): string => [...times].sort(byTime).at(-1)!;
const earliest = (times: readonly string[]): string => [...times].sort(byTime)[0]!;
