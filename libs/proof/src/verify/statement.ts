import { kidOfText } from '@cap/crypto';
import { type Statement } from '../backends/backend.js';
import { type ProofUnit } from '../bundle/meta.js';
import { type CheckList } from '../report/check-list.js';
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

/** statement.audience, statement.nonce, statement.expired: of every proof unit, and only as far as the caller asks. */
export function checkStatements(
  units: readonly Stating[],
  { audience, nonce }: VerificationOptions,
  clock: Clock,
  checks: CheckList,
): void {
  if (audience !== undefined) compare(units, 'audience', audience, checks);
  if (nonce === undefined) return;
  compare(units, 'nonce', nonce, checks);
  // Who asks for a nonce wants a fresh proof; anybody else may read an old one.
  const limits = units.flatMap(({ statement }) => statement.expires_at ?? []);
  if (limits.length === 0) return;
  const expired = limits.filter((limit) => clock.isAfter(new Date(limit)));
  checks.record('statement.expired', expired.length > 0 ? 'fail' : 'ok', {
    expected: `no later than ${limits.join(', ')}`,
  });
}

function compare(units: readonly Stating[], member: 'audience' | 'nonce', expected: string, checks: CheckList): void {
  for (const { statement } of units) {
    const actual = statement[member] ?? null;
    checks.record(`statement.${member}`, actual === expected ? 'ok' : 'fail', { expected, actual });
  }
}
