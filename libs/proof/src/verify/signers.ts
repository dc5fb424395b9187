import { type CheckList } from '../report/check-list.js';
import { type CheckStatus } from '../report/checks.js';
import { type TrustedSigner, type TrustStore } from '../trust/trust-store.js';
import { type Clock } from './clock.js';

/** signer.trusted, signer.validity. `trusted`: when the signature existed at the latest, by somebody's word other than the signer's. */
export function checkSigners(
  kids: readonly string[],
  trust: TrustStore | null,
  trusted: Date | null,
  clock: Clock,
  checks: CheckList,
): void {
  if (kids.length === 0) return;
  const known: TrustedSigner[] = [];
  for (const kid of kids) {
    const signer = trust?.signer(kid);
    if (signer) known.push(signer);
    if (!signer)
      checks.warn('signer.trusted', {
        expected: 'a signer in the trust store',
        actual: trust ? kid : `${kid}: no trust store`,
      });
    else if (signer.revoked_at !== null && !(trusted && trusted < new Date(signer.revoked_at)))
      checks.fail('signer.trusted', {
        expected: `signed before ${signer.revoked_at}`,
        actual: `${kid} (${signer.owner}): revoked, no trusted time before`,
      });
    else checks.ok('signer.trusted', { actual: `${kid} (${signer.owner})` });
  }
  if (known.length > 0) checkValidity(known, trusted, clock, checks);
}

function checkValidity(signers: readonly TrustedSigner[], trusted: Date | null, clock: Clock, checks: CheckList): void {
  const outside = signers.filter(
    ({ valid_from, valid_to }) =>
      clock.isBefore(new Date(valid_from), trusted) || clock.isAfter(new Date(valid_to), trusted),
  );
  const status: CheckStatus = outside.length === 0 ? 'ok' : trusted ? 'fail' : 'warn';
  // The same particulars whatever the status: the clock decides nothing but that.
  checks.record('signer.validity', status, {
    expected: signers.map(({ kid, valid_from, valid_to }) => `${kid}: ${valid_from} to ${valid_to}`).join(', '),
    actual: trusted ? trusted.toISOString() : null,
  });
}
