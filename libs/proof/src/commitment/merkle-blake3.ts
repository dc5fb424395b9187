import { randomBytes } from 'node:crypto';
import { blake3, digestBytes, digestText, type Digest } from '@cap/crypto';
import { CapError, jcs, type JsonValue } from '@cap/core';
import { identifier, type IdScheme, LIST_FIELDS, type ListName, type ListRow } from '@cap/lists';
import { commitmentRoot } from './merkle.js';
import { TABLE_VERSIONS, type MerkleCommitment } from '../manifest/manifest.js';

/**
 * The commitment scheme merkle-blake3.v3.
 *
 *   field digest = BLAKE3("cap.field.v2" ‖ field salt ‖ JCS([name, value]))
 *   leaf         = BLAKE3("cap.leaf.v3" ‖ leaf salt ‖ for every field of the list's schema in name order:
 *                  u8 length ‖ name ‖ its digest, 32 zero bytes for an absent one)
 *   root         = the tree of @cap/crypto over the leaves sorted by hash
 *
 * Salts have 16 random bytes, so nobody can find a row by hashing guesses. A digest stands beside its field's name, so
 * that a hidden one can't be shown as that of another field later.
 */
const SALT_BYTES = 16;

/** The salts of one row, `0x` + 32 hex digits each. */
interface RowSalts {
  leaf_salt: string;
  field_salts: Record<string, string>;
}
/** The prover's secrets of one list, in leaf order. */
export interface MerkleSecrets {
  leaves: RowSalts[];
}

/** One row as a disclosure shows it: every field is either opened or hidden behind its digest. */
export interface RowOpening {
  /** Index in the list's sorted leaves. */
  index: number;
  leaf_salt: string;
  fields: Record<string, { value: JsonValue; salt: string }>;
  hidden: Record<string, Digest>;
}

export interface CommittedList {
  commitment: MerkleCommitment;
  /** In leaf order, as `secrets`. */
  rows: ListRow[];
  leaves: Buffer[];
  secrets: MerkleSecrets;
  /** The index of each leaf's row in the given list. */
  order: number[];
}

const SALT = /^0x[0-9a-f]{32}$/;
export const isSalt = (text: unknown): text is string => typeof text === 'string' && SALT.test(text);

const saltBytes = (text: string): Buffer => {
  if (!isSalt(text)) throw new CapError('commitment.secrets', 'a salt must be 0x + 32 lowercase hex digits');
  return Buffer.from(text.slice(2), 'hex');
};

/** Fresh salts for a row, from the system's random source. */
function freshSalts(row: ListRow): RowSalts {
  const names = fieldNames(row);
  const random = randomBytes(SALT_BYTES * (names.length + 1)).toString('hex');
  const salt = (i: number) => `0x${random.slice(2 * SALT_BYTES * i, 2 * SALT_BYTES * (i + 1))}`;
  return { leaf_salt: salt(names.length), field_salts: Object.fromEntries(names.map((name, i) => [name, salt(i)])) };
}

/** The fields that a row has, in the order of their names. */
export const fieldNames = (row: ListRow): string[] =>
  Object.entries(row)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
    .sort();

export const fieldDigest = (name: string, value: JsonValue, salt: string): Buffer =>
  blake3('cap.field.v2', saltBytes(salt), jcs([name, value]));

/** Stands in a leaf for an optional field that the row does not have. */
const ABSENT = Buffer.alloc(32);

/** `digests` by field name; every one must be a field of the list. */
function leafHash(list: ListName, leafSalt: string, digests: ReadonlyMap<string, Uint8Array>): Buffer {
  const fields = Object.keys(LIST_FIELDS[list]).sort();
  const unknown = [...digests.keys()].find((name) => !fields.includes(name));
  if (unknown !== undefined) throw new RangeError(`${list} have no field ${unknown}`);
  const parts = fields.flatMap((name) => [Uint8Array.of(name.length), name, digests.get(name) ?? ABSENT]);
  return blake3('cap.leaf.v3', saltBytes(leafSalt), ...parts);
}

/** The leaf of a row under its salts. Throws CapError `commitment.secrets` if the salts are not those of its fields. */
export function rowLeaf(list: ListName, row: ListRow, salts: RowSalts): Buffer {
  const names = fieldNames(row);
  if (Object.keys(salts.field_salts).sort().join() !== names.join())
    throw new CapError(
      'commitment.secrets',
      `the secrets hold salts of other fields than the row: expected ${names.join(', ')}`,
    );
  return leafHash(list, salts.leaf_salt, new Map(names.map((name) => [name, digestOf(row, name, salts)])));
}

const digestOf = (row: ListRow, name: string, salts: RowSalts): Buffer =>
  fieldDigest(name, row[name as keyof ListRow] as JsonValue, salts.field_salts[name]!);

/**
 * Commits to a list. Throws CapError `list.invalid` when two rows have the same identifier or a row has none
 * under the scheme. `salts`, one per row, is for recomputing; leave it out for fresh ones.
 */
export function commit(
  list: ListName,
  rows: readonly ListRow[],
  idScheme: IdScheme,
  salts: readonly RowSalts[] = rows.map(freshSalts),
): CommittedList {
  const seen = new Map<string, number>();
  rows.forEach((row, i) => {
    const id = identifier(row, idScheme);
    if (id === null)
      throw new CapError('list.invalid', `${list}: row ${i + 1} has no identifier under the scheme ${idScheme}`);
    if (seen.has(id))
      throw new CapError(
        'list.invalid',
        `${list}: rows ${seen.get(id)! + 1} and ${i + 1} are the same under the scheme ${idScheme}`,
      );
    seen.set(id, i);
  });
  const leaves = rows.map((row, i) => rowLeaf(list, row, salts[i]!));
  const order = leaves.map((_, i) => i).sort((a, b) => leaves[a]!.compare(leaves[b]!));
  const sorted = order.map((i) => leaves[i]!);
  return {
    commitment: {
      list,
      scheme: 'merkle-blake3.v3',
      id_scheme: idScheme,
      ...TABLE_VERSIONS,
      root: digestText(commitmentRoot(sorted)),
      count: rows.length,
    },
    rows: order.map((i) => rows[i]!),
    leaves: sorted,
    secrets: { leaves: order.map((i) => salts[i]!) },
    order,
  };
}

/** Opens the named fields of a row (those that it has) and hides the others behind their digests. */
export function openRow(row: ListRow, salts: RowSalts, index: number, fields: ReadonlySet<string>): RowOpening {
  const opening: RowOpening = { index, leaf_salt: salts.leaf_salt, fields: {}, hidden: {} };
  for (const name of fieldNames(row)) {
    const salt = salts.field_salts[name]!;
    if (fields.has(name)) opening.fields[name] = { value: row[name as keyof ListRow] as JsonValue, salt };
    else opening.hidden[name] = digestText(digestOf(row, name, salts));
  }
  return opening;
}

/** The leaf that an opening claims to open; its fields must be those of a row of the list: see openingFieldsFault. */
export function openingLeaf(list: ListName, opening: RowOpening): Buffer {
  const digests = new Map<string, Uint8Array>();
  for (const [name, { value, salt }] of Object.entries(opening.fields))
    digests.set(name, fieldDigest(name, value, salt));
  for (const [name, digest] of Object.entries(opening.hidden)) digests.set(name, digestBytes(digest));
  return leafHash(list, opening.leaf_salt, digests);
}

/**
 * Why an opening's fields are not those of a row of the list, or null: an unknown, doubled or missing one. An optional field
 * that is neither opened nor hidden is absent from the row, and its leaf says so.
 */
export function openingFieldsFault(list: ListName, opening: RowOpening): string | null {
  const specs = LIST_FIELDS[list];
  for (const name of [...Object.keys(opening.fields), ...Object.keys(opening.hidden)])
    if (!Object.hasOwn(specs, name)) return `${list} have no field ${name}`;
  for (const [name, { required }] of Object.entries(specs)) {
    const opened = Object.hasOwn(opening.fields, name);
    const hidden = Object.hasOwn(opening.hidden, name);
    if (opened && hidden) return `${name} is both opened and hidden`;
    if (required && !opened && !hidden) return `${name} is neither opened nor hidden`;
    // An absent field has one spelling: it stands nowhere.
    if (hidden && ABSENT.equals(digestBytes(opening.hidden[name]!))) return `${name} is hidden behind no digest`;
  }
  return null;
}
