import { z } from 'zod';
import { blake3Text, sha3Text, type Digest } from '@cap/crypto';
import { CapError, jcs, parseJson, dayOrInstant, digest, instant } from '@cap/core';
import { COUNTRIES_VERSION, UNICODE_VERSION, invisibleCharacter, type IdScheme, type ListName } from '@cap/lists';
import type { CompiledPolicy } from '@cap/policy';

/** What every commitment of a list says; further members belong to its scheme. */
interface CommonMembers {
  list: ListName;
  id_scheme: IdScheme;
  /** Unicode version that texts are checked and identifiers folded by, and edition that country codes are numbered by. */
  unicode: string;
  countries: string;
}
/** The versions that this release commits and verifies by. */
export const TABLE_VERSIONS = { unicode: UNICODE_VERSION, countries: COUNTRIES_VERSION };

export interface MerkleCommitment extends CommonMembers {
  scheme: 'merkle-blake3.v3';
  root: Digest;
  count: number;
}

/** Points of the committed columns, `0x` + 96 hex digits each, compressed. */
export interface ColumnPoints {
  x: string;
  r: string;
  d: string;
}
export interface ColumnsCommitment extends CommonMembers {
  scheme: 'kzg-columns.v1';
  /** One for most lists; a list that is longer than a domain holds has several, all full but the last. */
  segments: ColumnPoints[];
}
export type Commitment = MerkleCommitment | ColumnsCommitment;
export type CommitmentScheme = Commitment['scheme'];

/** The lists that a manifest commits to, each exactly once. */
export const COMMITTED_LISTS: readonly ListName[] = ['suppliers', 'ubos'];

/** manifest.json, format cap-manifest.v2. */
export interface Manifest {
  schema: 'cap-manifest.v2';
  manifest_id: string;
  company: { name?: string; lei?: string };
  /** RFC 3339 UTC. */
  created_at: string;
  /** The day or instant that the lists describe: YYYY-MM-DD or RFC 3339 UTC. */
  as_of: string;
  policy: { id: string; version: string; hash: Digest };
  commitments: Commitment[];
  /** SHA3-256(JCS(commitments)). */
  company_commitment_root: Digest;
  /** as_of: YYYY-MM-DD or RFC 3339 UTC. */
  reference_lists: { id: string; hash: Digest; as_of: string }[];
  audit: { tail_digest: Digest; events_count: number };
}

/** A text that people read: nothing in it that they don't see. */
export const visibleText = z.string().superRefine((value, context) => {
  const invisible = invisibleCharacter(value);
  if (invisible !== null)
    context.addIssue({ code: 'custom', message: `holds the invisible or unassigned character ${invisible}` });
});
const text = visibleText.min(1).max(1_000);
const count = z.int().min(0);

/** Segments of one list at most: about 64 000 suppliers. */
const MAX_SEGMENTS = 64;
const point = z.string().regex(/^0x[0-9a-f]{96}$/, 'expected 0x + 96 lowercase hex digits');
// Which lists there must be is commitmentsFault's question.
const list = z.custom<ListName>((name) => text.safeParse(name).success, 'expected the name of a list');
const common = { list, id_scheme: z.enum(['id', 'name', 'person']), unicode: text, countries: text };
export const commitmentSchema = z.discriminatedUnion('scheme', [
  z.strictObject({ ...common, scheme: z.literal('merkle-blake3.v3'), root: digest, count }),
  z.strictObject({
    ...common,
    scheme: z.literal('kzg-columns.v1'),
    segments: z
      .array(z.strictObject({ x: point, r: point, d: point }))
      .min(1)
      .max(MAX_SEGMENTS),
  }),
]);

const manifestSchema = z.strictObject({
  schema: z.literal('cap-manifest.v2'),
  manifest_id: text,
  company: z.strictObject({ name: text.optional(), lei: text.optional() }),
  created_at: instant,
  as_of: dayOrInstant,
  policy: z.strictObject({ id: text, version: text, hash: digest }),
  commitments: z.array(commitmentSchema),
  company_commitment_root: digest,
  reference_lists: z.array(z.strictObject({ id: text, hash: digest, as_of: dayOrInstant })),
  audit: z.strictObject({ tail_digest: digest, events_count: count }),
});

/**
 * Reads manifest.json. Checks the shape only: an unknown, missing or ill-typed member is CapError
 * `manifest.schema` that names it. Whether the bytes are canonical is isCanonicalJson's question, whether the
 * commitments agree with each other commitmentsFault's.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  let value;
  try {
    value = parseJson(bytes, 'manifest');
  } catch (cause) {
    throw new CapError('manifest.schema', (cause as Error).message, { cause });
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const member = ['manifest', ...issue!.path].join('.');
    throw new CapError('manifest.schema', `${member}: ${issue!.message}`);
  }
  return parsed.data;
}

/**
 * Why the commitments contradict each other or the manifest, or null: a wrong root, a list that is not committed to exactly
 * once (different rows could satisfy one rule each), an identifier scheme that the list has not, an empty list with rows.
 */
export function commitmentsFault(manifest: Manifest): { expected: string; actual: string; reason: string } | null {
  const root = companyCommitmentRoot(manifest.commitments);
  if (root !== manifest.company_commitment_root)
    return {
      expected: root,
      actual: manifest.company_commitment_root,
      reason: 'company_commitment_root is not the hash of the commitments',
    };
  const names = manifest.commitments.map(({ list }) => list);
  const unknown = names.find((name) => !COMMITTED_LISTS.includes(name));
  if (unknown !== undefined)
    return { expected: COMMITTED_LISTS.join(' and '), actual: unknown, reason: 'there is no such list' };
  for (const list of COMMITTED_LISTS) {
    const times = names.filter((name) => name === list).length;
    if (times !== 1)
      return { expected: 'one', actual: times === 0 ? 'none' : String(times), reason: `commitments of ${list}` };
  }
  for (const commitment of manifest.commitments) {
    const { list, scheme, id_scheme } = commitment;
    const name = `${list} under ${scheme}`;
    for (const [table, version] of Object.entries(TABLE_VERSIONS)) {
      const named = commitment[table as keyof typeof TABLE_VERSIONS];
      if (named !== version)
        return { expected: version, actual: named, reason: `${name}: another version of ${table}` };
    }
    const allowed = ID_SCHEMES[list];
    if (!allowed.includes(id_scheme))
      return {
        expected: allowed.join(' or '),
        actual: id_scheme,
        reason: `${name}: this list has no such identifier scheme`,
      };
    if (commitment.scheme === 'merkle-blake3.v3' && (commitment.count === 0) !== (commitment.root === EMPTY_ROOT))
      return {
        expected: `count 0 exactly if the root is ${EMPTY_ROOT}`,
        actual: `count ${commitment.count}, root ${commitment.root}`,
        reason: `${name}: count and root disagree`,
      };
  }
  const ids = manifest.reference_lists.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  return twice === undefined
    ? null
    : { expected: 'one', actual: 'several', reason: `several reference lists with the id ${twice}` };
}

const EMPTY_ROOT = blake3Text('cap.empty.v2');

/** The identifier schemes that a list's fields allow. */
export const ID_SCHEMES: Readonly<Record<ListName, readonly IdScheme[]>> = {
  suppliers: ['id', 'name'],
  ubos: ['id', 'name', 'person'],
};

/** SHA3-256(JCS(commitments)). */
export const companyCommitmentRoot = (commitments: readonly Commitment[]): Digest => sha3Text(jcs(commitments));

/** A list's commitment if it is under merkle-blake3.v3. */
export const merkleCommitment = (manifest: Manifest, list: ListName): MerkleCommitment | undefined =>
  manifest.commitments.find(
    (commitment): commitment is MerkleCommitment =>
      commitment.list === list && commitment.scheme === 'merkle-blake3.v3',
  );

/** A list's commitment if it is under kzg-columns.v1. */
export const columnsCommitment = (manifest: Manifest, list: ListName): ColumnsCommitment | undefined =>
  manifest.commitments.find(
    (commitment): commitment is ColumnsCommitment => commitment.list === list && commitment.scheme === 'kzg-columns.v1',
  );

/** SHA3-256 of the bytes of manifest.json, the one hash by which a manifest is named. */
export const manifestHash = (bytes: Uint8Array): Digest => sha3Text(bytes);

interface ManifestParts {
  manifestId: string;
  company: { name?: string; lei?: string };
  createdAt: string;
  asOf: string;
  policy: Pick<CompiledPolicy, 'id' | 'version' | 'policy_hash'>;
  commitments: Commitment[];
  referenceLists: readonly { id: string; hash: Digest; as_of: string }[];
  audit: { tail_digest: Digest; events_count: number };
}

/** The manifest and its bytes (JCS). Throws CapError `manifest.schema` when a part has no valid form. */
export function buildManifest(parts: ManifestParts): { manifest: Manifest; bytes: Buffer; hash: Digest } {
  const bytes = jcs({
    schema: 'cap-manifest.v2',
    manifest_id: parts.manifestId,
    company: parts.company,
    created_at: parts.createdAt,
    as_of: parts.asOf,
    policy: { id: parts.policy.id, version: parts.policy.version, hash: parts.policy.policy_hash },
    commitments: parts.commitments,
    company_commitment_root: companyCommitmentRoot(parts.commitments),
    reference_lists: parts.referenceLists.map(({ id, hash, as_of }) => ({ id, hash, as_of })),
    audit: parts.audit,
  } satisfies Manifest);
  const manifest = parseManifest(bytes);
  const fault = commitmentsFault(manifest);
  if (fault)
    throw new CapError(
      'manifest.schema',
      `manifest: ${fault.reason} (expected ${fault.expected}, found ${fault.actual})`,
    );
  return { manifest, bytes, hash: manifestHash(bytes) };
}
