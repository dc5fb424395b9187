import { finding, type Finding } from './report/findings.js';
import { companyFault, type Company } from './trust/company.js';
import type { TrustedSigner, TrustStore } from './trust/trust-store.js';
import type { Clock } from './clock.js';

/** Who signed a bundle, and for whom. */
interface SignerInputs {
  /** Whose signature verified; the statement's signer first. */
  kids: readonly string[];
  /** The companies that the manifests name: the statement's signer must be known to speak for them. */
  companies: readonly Company[];
}

/** What the trust store says about one signer. */
interface SignerTrust {
  status: Finding['status'];
  expected: string | null;
  actual: string;
}

/**
 * signer.trusted, signer.validity: each takes the worst of all signers and names the first, so that no co-signer vouches for
 * an unknown, revoked or expired key. `trusted`: a time by which the signature existed, as stated by somebody other
 * than the signer.
 */
export function checkSigners(
  { kids, companies }: SignerInputs,
  trust: TrustStore | null,
  trusted: Date | null,
  clock: Clock,
): Finding[] {
  if (kids.length === 0) return [];
  const standings = kids.map((kid) => trustIn(kid, trust, trusted));
  const first = trust?.signer(kids[0]!);
  if (first)
    for (const company of companies) {
      const fault = companyFault(company, first.company);
      if (fault)
        standings.push({ status: 'warn', expected: fault.expected, actual: `${nameOf(first)}: ${fault.actual}` });
    }
  const worst = standings.find(({ status }) => status === 'fail') ?? standings.find(({ status }) => status === 'warn');
  return [
    finding('signer.trusted', worst?.status ?? 'ok', {
      expected: worst?.expected ?? null,
      actual: standings.map(({ actual }) => actual).join('; '),
    }),
    ...checkValidity(kids, trust, trusted, clock),
  ];
}

const nameOf = ({ kid, owner }: TrustedSigner): string => `${kid} (${owner})`;

function trustIn(kid: string, trust: TrustStore | null, trusted: Date | null): SignerTrust {
  const signer = trust?.signer(kid);
  if (!signer)
    return {
      status: 'warn',
      expected: 'a signer in the trust store',
      actual: `${kid}: ${trust ? 'not in the trust store' : 'no trust store'}`,
    };
  if (signer.revoked_at !== null && !(trusted && trusted < new Date(signer.revoked_at)))
    return {
      status: 'fail',
      expected: `signed before ${signer.revoked_at}`,
      actual: `${nameOf(signer)}: revoked, no trusted time before`,
    };
  return { status: 'ok', expected: null, actual: nameOf(signer) };
}

function checkValidity(
  kids: readonly string[],
  trust: TrustStore | null,
  trusted: Date | null,
  clock: Clock,
): Finding[] {
  const signers = kids.map((kid) => trust?.signer(kid));
  const known = signers.filter((signer) => signer !== undefined);
  const outside = known.filter(
    ({ valid_from, valid_to }) =>
      clock.isBefore(new Date(valid_from), trusted) || clock.isAfter(new Date(valid_to), trusted),
  );
  // The validity of the first signer is unknown, and a co-signer's can't replace it.
  if (outside.length === 0 && !signers[0]) return [];
  const status = outside.length === 0 ? 'ok' : trusted ? 'fail' : 'warn';
  // `expected` and `actual` must not depend on the clock; only the status may.
  return [
    finding('signer.validity', status, {
      expected: kids
        .map((kid, i) => `${kid}: ${signers[i] ? `${signers[i].valid_from} to ${signers[i].valid_to}` : 'unknown'}`)
        .join(', '),
      actual: trusted ? trusted.toISOString() : null,
    }),
  ];
}
