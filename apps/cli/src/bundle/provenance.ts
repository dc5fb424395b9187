import { isCapError, parseEnvelope, parseJson } from '@cap/crypto';
import { type Bundle, type TrustStore } from '@cap/proof';
import { z } from 'zod';

/** Who says that they made a bundle, when, and for whom. Nothing of it is checked here. */
export interface Provenance {
  label: string | null;
  created_at: string | null;
  /** `owner` as the given trust store names the key; null if it does not know it. */
  signers: { kid: string; owner: string | null }[];
  /** What each proof says about itself. */
  statements: Statement[];
}

export interface Statement {
  unit: string | null;
  audience: string | null;
  nonce: string | null;
  issued_at: string | null;
  expires_at: string | null;
}

// A bundle that is wrong somewhere is looked into most of all: what is not as it should be counts as not said.
const text = z.string().nullable().catch(null);
const statement = z.object({ audience: text, nonce: text, issued_at: text, expires_at: text });
const NOTHING_SAID = { audience: null, nonce: null, issued_at: null, expires_at: null };
const said = z
  .object({
    label: text,
    created_at: text,
    proof_units: z.array(z.object({ id: text, statement: statement.catch(NOTHING_SAID) })).catch([]),
  })
  .catch({ label: null, created_at: null, proof_units: [] });

export function provenanceOf({ meta, files }: Bundle, trust: TrustStore | null): Provenance {
  const { label, created_at, proof_units } = said.parse(meta);
  return {
    label,
    created_at,
    signers: signatories(files.get('signatures.json')).map((kid) => ({
      kid,
      owner: trust?.signer(kid)?.owner ?? null,
    })),
    statements: proof_units.map(({ id, statement: made }) => ({ unit: id, ...made })),
  };
}

function signatories(envelope: Buffer | undefined): string[] {
  if (envelope === undefined) return [];
  try {
    return parseEnvelope(parseJson(envelope, 'signatures.json')).signatures.map(({ keyid }) => keyid);
  } catch (error) {
    if (isCapError(error)) return [];
    throw error;
  }
}

/** Title and value of each thing said, for people. With several proofs each begins with its unit. */
export function provenanceRows({ label, created_at, signers, statements }: Provenance): [string, string][] {
  const rows: [string, string | null][] = [
    ['Label', label],
    ['Created at', created_at],
  ];
  for (const { kid, owner } of signers) rows.push(['Signer', owner === null ? kid : `${kid}  ${owner}`]);
  if (signers.length === 0) rows.push(['Signer', null]);
  for (const { unit, audience, nonce, issued_at, expires_at } of statements) {
    if (statements.length > 1) rows.push(['Proof unit', unit]);
    rows.push(['Audience', audience], ['Nonce', nonce], ['Issued at', issued_at], ['Expires at', expires_at]);
  }
  return rows.map(([title, value]) => [title, value ?? '-']);
}
