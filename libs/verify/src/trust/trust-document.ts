import { z } from 'zod';
import { CapError, jcs, parseJson, type JsonObject, dayOrInstant, digest, instant, kid } from '@cap/core';
import { kidOf, publicKeyFromText, sha3Text, type Digest } from '@cap/crypto';
import { withoutByteOrderMark } from '@cap/policy';
import { isFutureDay } from '@cap/lists/reference-lists';
import type { Company } from './company.js';
import { logTrustOf, type LogTrustRecord } from './log-trust.js';

/** trust.json, format cap-trust.v2: whom and what a verifier trusts. Times are RFC 3339 UTC. */
export interface TrustDocument extends LogTrustRecord {
  schema: 'cap-trust.v2';
  /** Counts the changes made to it, from 1. */
  version: number;
  signers: TrustedSignerRecord[];
  /** `hash` in either spelling (`0x…`, `sha3-256:…`). */
  policies: { hash: string; policy: JsonObject }[];
  /** PEM certificates. */
  tsa_roots: string[];
  vk_hashes: Digest[];
  /** as_of and withdrawn_at (nobody should rely on it any more): YYYY-MM-DD or RFC 3339 UTC. */
  reference_lists: { id: string; hash: Digest; as_of: string; withdrawn_at?: string | undefined }[];
}

export interface TrustedSignerRecord {
  kid: string;
  /** `0x` + 64 hex (raw Ed25519) or a PEM (SPKI). */
  public_key: string;
  owner: string;
  /** Whose lists it signs for: a manifest that names another company, or any when this is absent, is a warning. */
  company?: Company;
  valid_from: string;
  valid_to: string;
  revoked_at?: string;
}

const text = z.string().min(1);

const trustSchema = z.strictObject({
  schema: z.literal('cap-trust.v2'),
  version: z.int().min(1),
  signers: z
    .array(
      z.strictObject({
        kid,
        public_key: text,
        owner: z.string(),
        company: z
          .strictObject({ name: text.optional(), lei: text.optional() })
          .refine(({ name, lei }) => name !== undefined || lei !== undefined, 'expected name or lei')
          .optional(),
        valid_from: instant,
        valid_to: instant,
        revoked_at: instant.optional(),
      }),
    )
    .default([]),
  policies: z
    .array(
      z.strictObject({
        hash: z.string().regex(/^(0x|sha3-256:)[0-9a-f]{64}$/, 'expected 0x or sha3-256: and 64 lowercase hex digits'),
        policy: z.custom<JsonObject>(
          (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
          'expected an object',
        ),
      }),
    )
    .default([]),
  tsa_roots: z.array(text).default([]),
  log_keys: z.array(text).default([]),
  witness_keys: z.array(text).default([]),
  witness_threshold: z.int().min(0).default(0),
  vk_hashes: z.array(digest).default([]),
  reference_lists: z
    .array(z.strictObject({ id: text, hash: digest, as_of: dayOrInstant, withdrawn_at: dayOrInstant.optional() }))
    .default([]),
});

const refuse = (why: string): never => {
  throw new CapError('trust.invalid', why);
};

/** Members of trust.json at most: whoever keeps it has written it, so it may hold many whole policies. */
export const TRUST_MEMBERS = 1_000_000;

/**
 * Reads trust.json. The hash names the document as written: SHA3-256(JCS), so that spelling does not matter and an
 * absent list is not the same as an empty one. Throws CapError `trust.invalid` that names the member.
 */
export function parseTrustDocument(
  bytes: Uint8Array,
  name = 'trust.json',
  now = new Date(),
): { document: TrustDocument; hash: Digest } {
  let value;
  let hash: Digest;
  try {
    value = parseJson(withoutByteOrderMark(bytes), name, TRUST_MEMBERS);
    hash = sha3Text(jcs(value));
  } catch (cause) {
    throw new CapError('trust.invalid', (cause as Error).message, { cause });
  }
  const parsed = trustSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(`${name}: ${issue!.path.join('.') || 'document'}: ${issue!.message}`);
  }
  checkSigners(parsed.data.signers, name);
  for (const [i, { as_of }] of parsed.data.reference_lists.entries())
    // It would stay the newest, and young enough, until that day has come.
    if (isFutureDay(as_of, now)) refuse(`${name}: reference_lists.${i}.as_of: ${as_of} is in the future`);
  logTrustOf(parsed.data, name);
  return { document: parsed.data, hash };
}

function checkSigners(signers: readonly TrustedSignerRecord[], name: string): void {
  const seen = new Set<string>();
  for (const [i, signer] of signers.entries()) {
    const place = `${name}: signers.${i}`;
    // Two records of one key could disagree about its revocation.
    if (seen.has(signer.kid)) refuse(`${place}: duplicate key ${signer.kid}`);
    seen.add(signer.kid);
    if (Date.parse(signer.valid_to) < Date.parse(signer.valid_from)) refuse(`${place}: valid_to is before valid_from`);
    let kid: string;
    try {
      kid = kidOf(publicKeyFromText(signer.public_key));
    } catch (cause) {
      throw new CapError('trust.invalid', `${place}.public_key: ${(cause as Error).message}`, { cause });
    }
    if (kid !== signer.kid) refuse(`${place}: kid is ${signer.kid}, but public_key is the key ${kid}`);
  }
}

export const emptyTrustDocument = (): TrustDocument => ({
  schema: 'cap-trust.v2',
  version: 1,
  signers: [],
  policies: [],
  tsa_roots: [],
  log_keys: [],
  witness_keys: [],
  witness_threshold: 0,
  vk_hashes: [],
  reference_lists: [],
});

/** What can be added to a trust document: one thing at a time. */
export type TrustAddition =
  | { signer: TrustedSignerRecord }
  | { policy: { hash: string; policy: JsonObject } }
  | { referenceList: { id: string; hash: Digest; as_of: string } }
  | { logKey: string }
  | { witnessKey: string }
  | { witnessThreshold: number };

/**
 * The document with the addition, one version further. A record of the same key, policy hash or list hash is replaced.
 * Throws CapError `trust.invalid` if the result is not a valid trust document.
 */
export function addToTrust(document: TrustDocument, addition: TrustAddition): TrustDocument {
  const next: TrustDocument = { ...document, version: document.version + 1 };
  if ('signer' in addition) {
    const { signer } = addition;
    const known = document.signers.find(({ kid }) => kid === signer.kid);
    // A key that was revoked stays so, whatever its own record says.
    const revoked_at = [known?.revoked_at, signer.revoked_at].filter((time) => time !== undefined).sort()[0];
    next.signers = [
      ...document.signers.filter(({ kid }) => kid !== signer.kid),
      { ...(known?.company && { company: known.company }), ...signer, ...(revoked_at && { revoked_at }) },
    ];
  } else if ('policy' in addition)
    next.policies = [...document.policies.filter(({ hash }) => hash !== addition.policy.hash), addition.policy];
  else if ('logKey' in addition) next.log_keys = [...new Set([...document.log_keys, addition.logKey])];
  else if ('witnessKey' in addition) next.witness_keys = [...new Set([...document.witness_keys, addition.witnessKey])];
  else if ('witnessThreshold' in addition) next.witness_threshold = addition.witnessThreshold;
  else {
    const { referenceList } = addition;
    const known = document.reference_lists.find(({ hash }) => hash === referenceList.hash);
    // What was withdrawn stays so, however often it is added.
    const withdrawn_at = known?.withdrawn_at;
    next.reference_lists = [
      ...document.reference_lists.filter(({ hash }) => hash !== referenceList.hash),
      { ...referenceList, ...(withdrawn_at !== undefined && { withdrawn_at }) },
    ];
  }
  parseTrustDocument(trustDocumentBytes(next));
  return next;
}

/**
 * The document with a reference list marked as withdrawn, one version further. One that is withdrawn already keeps its day.
 * Throws CapError `list.unknown` for a list that the document does not name.
 */
export function withdrawList(document: TrustDocument, hash: Digest, day: string): TrustDocument {
  if (!document.reference_lists.some((list) => list.hash === hash))
    throw new CapError('list.unknown', `the trust store names no reference list ${hash}`);
  const reference_lists = document.reference_lists.map((list) =>
    list.hash === hash ? { ...list, withdrawn_at: list.withdrawn_at ?? day } : list,
  );
  const next: TrustDocument = { ...document, version: document.version + 1, reference_lists };
  parseTrustDocument(trustDocumentBytes(next));
  return next;
}

/** The file's bytes: indented for people to read, ending in LF. */
export const trustDocumentBytes = (document: TrustDocument): Buffer =>
  Buffer.from(`${JSON.stringify(document, null, 2)}\n`, 'utf8');
