import { z } from 'zod';
import { isCapError, parseJson } from '@cap/core';
import { isPublicKeyText, kidOfText, parseEnvelope } from '@cap/crypto';
import { type Bundle } from '@cap/proof';
import { type TrustStore } from '@cap/verify';

/** Who says that they made a bundle, when, and for whom. Nothing of it is checked here. */
export interface Provenance {
  label: string | null;
  created_at: string | null;
  signers: Signer[];
  /** What each proof says about itself. */
  statements: Statement[];
}

/** `owner` as the given trust store names the key; null if it does not know it. */
export interface Signer {
  kid: string;
  owner: string | null;
}

export interface Statement {
  unit: string | null;
  /** Whose proof it is: the key that must have signed the bundle. */
  signer: Signer | null;
  audience: string | null;
  nonce: string | null;
  issued_at: string | null;
  expires_at: string | null;
}

// A bundle that is wrong somewhere is looked into most of all: what is not as it should be counts as not said.
const text = z.string().nullable().catch(null);
const statement = z.object({ signer: text, audience: text, nonce: text, issued_at: text, expires_at: text });
const NOTHING_SAID = { signer: null, audience: null, nonce: null, issued_at: null, expires_at: null };
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
    signers: signatories(files.get('signatures.json')).map((kid) => ownedKey(kid, trust)),
    statements: proof_units.map(({ id, statement: made }) => ({
      unit: id,
      ...made,
      signer: statedSigner(made.signer, trust),
    })),
  };
}

/** The key that a statement names, `0x` + hex. */
export const statedSigner = (text: string | null, trust: TrustStore | null): Signer | null =>
  isPublicKeyText(text) ? ownedKey(kidOfText(text), trust) : null;

const ownedKey = (kid: string, trust: TrustStore | null): Signer => ({ kid, owner: trust?.signer(kid)?.owner ?? null });

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
  // A key id is a word of the bundle: the owner's name beside it must not look like his signature.
  const named = ({ kid, owner }: Signer) => (owner === null ? kid : `${kid}  ${owner} (unchecked)`);
  for (const signer of signers) rows.push(['Signer', named(signer)]);
  if (signers.length === 0) rows.push(['Signer', null]);
  for (const { unit, signer, audience, nonce, issued_at, expires_at } of statements) {
    if (statements.length > 1) rows.push(['Proof unit', unit]);
    rows.push(['Proof of', signer && named(signer)]);
    rows.push(['Audience', audience], ['Nonce', nonce], ['Issued at', issued_at], ['Expires at', expires_at]);
  }
  return rows.map(([title, value]) => [title, value ?? '-']);
}
