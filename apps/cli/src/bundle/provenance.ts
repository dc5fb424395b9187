import { z } from 'zod';
import { isCapError, parseJson } from '@cap/core';
import { isPublicKeyText, kidOfText, parseEnvelope } from '@cap/crypto';
import type { Language } from '@cap/lists';
import type { Bundle } from '@cap/proof/bundle';
import type { TrustStore } from '@cap/verify/trust';

/** Who a bundle says made it, when, and for whom. None of it is checked here. */
export interface Provenance {
  label: string | null;
  created_at: string | null;
  signers: Signer[];
  /** What each proof says about itself. */
  statements: Statement[];
}

/** `owner` is the key's owner in the given trust store; null if it does not know the key. */
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

// Broken bundles are inspected most of all: what is malformed is shown as absent.
const text = z.string().nullable().catch(null);
const statement = z.object({ signer: text, audience: text, nonce: text, issued_at: text, expires_at: text });
const EMPTY_STATEMENT = { signer: null, audience: null, nonce: null, issued_at: null, expires_at: null };
const metaSchema = z
  .object({
    label: text,
    created_at: text,
    proof_units: z.array(z.object({ id: text, statement: statement.catch(EMPTY_STATEMENT) })).catch([]),
  })
  .catch({ label: null, created_at: null, proof_units: [] });

export function provenanceOf({ meta, files }: Bundle, trust: TrustStore | null): Provenance {
  const { label, created_at, proof_units } = metaSchema.parse(meta);
  return {
    label,
    created_at,
    signers: signingKids(files.get('signatures.json')).map((kid) => ownedKey(kid, trust)),
    statements: proof_units.map(({ id, statement: stated }) => ({
      unit: id,
      ...stated,
      signer: statedSigner(stated.signer, trust),
    })),
  };
}

/** The key that a statement names, `0x` + hex. */
export const statedSigner = (text: string | null, trust: TrustStore | null): Signer | null =>
  isPublicKeyText(text) ? ownedKey(kidOfText(text), trust) : null;

const ownedKey = (kid: string, trust: TrustStore | null): Signer => ({ kid, owner: trust?.signer(kid)?.owner ?? null });

function signingKids(envelope: Buffer | undefined): string[] {
  if (envelope === undefined) return [];
  try {
    return parseEnvelope(parseJson(envelope, 'signatures.json')).signatures.map(({ keyid }) => keyid);
  } catch (error) {
    if (isCapError(error)) return [];
    throw error;
  }
}

const TITLES = {
  en: {
    label: 'Label',
    createdAt: 'Created at',
    signer: 'Signer',
    proofUnit: 'Proof unit',
    proofOf: 'Proof of',
    audience: 'Audience',
    nonce: 'Nonce',
    issuedAt: 'Issued at',
    expiresAt: 'Expires at',
    unchecked: 'unchecked',
  },
  de: {
    label: 'Bezeichnung',
    createdAt: 'Erstellt am',
    signer: 'Unterzeichner',
    proofUnit: 'Beweiseinheit',
    proofOf: 'Beweis von',
    audience: 'Empfänger',
    nonce: 'Einmalwert',
    issuedAt: 'Ausgestellt am',
    expiresAt: 'Gültig bis',
    unchecked: 'ungeprüft',
  },
} as const;

/** Title and value of each, for people. With several proofs, each begins with its unit. */
export function provenanceRows(
  { label, created_at, signers, statements }: Provenance,
  language: Language,
): [title: string, value: string][] {
  const titles = TITLES[language];
  const rows: [string, string | null][] = [
    [titles.label, label],
    [titles.createdAt, created_at],
  ];
  // The bundle may name any key id: an owner next to it must not look like a verified signature.
  const named = ({ kid, owner }: Signer) => (owner === null ? kid : `${kid}  ${owner} (${titles.unchecked})`);
  for (const signer of signers) rows.push([titles.signer, named(signer)]);
  if (signers.length === 0) rows.push([titles.signer, null]);
  for (const { unit, signer, audience, nonce, issued_at, expires_at } of statements) {
    if (statements.length > 1) rows.push([titles.proofUnit, unit]);
    rows.push([titles.proofOf, signer && named(signer)]);
    rows.push([titles.audience, audience], [titles.nonce, nonce]);
    rows.push([titles.issuedAt, issued_at], [titles.expiresAt, expires_at]);
  }
  return rows.map(([title, value]) => [title, value ?? '-']);
}
