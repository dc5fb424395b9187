import { type Statement } from '../backends/backend.js';
import { type CheckList } from '../report/check-list.js';
import { type Clock } from './clock.js';
import { type VerificationOptions } from './inputs.js';

/** Proofs of the older program state nothing of this. */
type Stating = { statement: Omit<Statement, 'issued_at'> };

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
