import { blake3, lengthPrefixed } from '@cap/crypto';
import { CEREMONY_HASH } from './ceremony.js';
import { BLINDING_ROWS, domain, DOMAIN_SIZES, MASK_ROWS } from './domain.js';
import { integerOf, FIELD_ORDER, SCALAR_BYTES, scalarBytes } from './field.js';
import { Rejected } from './transcript.js';

/** 48-byte compressed points. */
export interface ColumnCommitments {
  x: Uint8Array;
  r: Uint8Array;
  d: Uint8Array;
}

/** A reference list as identifiers: what no row may be. */
export interface ReferenceValues {
  id: string;
  /** SHA3-256 of the list's file, 32 bytes. */
  fileHash: Uint8Array;
  asOf: string;
  /** Field elements as referenceValues() packs them: 32 bytes big endian each, sorted, unique, not 0, in shared memory. */
  values: Uint8Array;
  /** BLAKE3("cap.list.v1" ‖ values). */
  valuesHash: Uint8Array;
}

/** The codes that a row may have. */
export interface CodeTable {
  /** Sorted, unique, not 0, at least one and at most the capacity. */
  codes: readonly number[];
  /** BLAKE3("cap.table.v1" ‖ the codes, 32 bytes big endian each). */
  hash: Uint8Array;
}

/** The statement about one list, or about one segment of a long list; an *entry* of the whole statement. */
export interface ListStatement {
  name: string;
  /** Domain size. */
  n: number;
  /** Bounds of the number of rows: 0 and the capacity say nothing. */
  min: number;
  max: number;
  table: CodeTable;
  references: readonly ReferenceValues[];
  commitments: ColumnCommitments;
}

/** What a proof states. The verifier builds it from its own policy, lists and bounds, never from the proof. */
export interface ZkStatement {
  /** 32 raw bytes each. */
  manifestHash: Uint8Array;
  policyHash: Uint8Array;
  /** The prover's Ed25519 public key, 32 raw bytes. */
  signer: Uint8Array;
  /** Absent ones are the empty string. */
  audience: string;
  nonce: string;
  issuedAt: string;
  expiresAt: string;
  lists: readonly ListStatement[];
}

/** Entries of a reference list that one factor of the coprimality holds. */
export const CHUNK = 3_000;
/** Earlier segments of the same list that one factor holds. */
export const EARLIER = 4;

/** The ceremony's hash as bytes: params_hash of the container, SRS hash of the statement. */
export const PARAMS_HASH = Buffer.from(CEREMONY_HASH, 'hex');

/** The domain size of each list, so that a commitment's size tells nothing of the number of rows. */
export const LIST_SIZES = { suppliers: 1024, ubos: 512 } as const;

/** Rows that one segment of a list holds. */
export const capacityOf = (list: keyof typeof LIST_SIZES): number => domain(LIST_SIZES[list]).v;

/**
 * vk_hash: names this verifier. BLAKE3 of backend, version, ceremony and the shape of every statement: domain sizes, mask and
 * blinding rows, entries and segments a factor.
 */
export const VK_HASH = blake3(
  ...[
    'cap.vk.v1',
    'kzg-columns',
    '1',
    PARAMS_HASH,
    ...Object.entries(LIST_SIZES).flatMap(([name, n]) => [name, String(n)]),
    ...[MASK_ROWS, BLINDING_ROWS, CHUNK, EARLIER].map(String),
  ].map(lengthPrefixed),
);

export const codeTable = (codes: readonly number[]): CodeTable => ({
  codes,
  hash: blake3('cap.table.v1', ...codes.map((code) => scalarBytes(BigInt(code)))),
});

/** Packs identifiers' field elements (any order, repetitions allowed) into shared memory. Throws RangeError for anything that is not a field element, and for 0. */
export function referenceValues(
  about: Pick<ReferenceValues, 'id' | 'fileHash' | 'asOf'>,
  elements: Iterable<bigint>,
): ReferenceValues {
  const sorted = [...new Set(elements)].sort((a, b) => (a < b ? -1 : 1));
  const wrong = sorted.find((element) => element <= 0n || element >= FIELD_ORDER);
  if (wrong !== undefined) throw new RangeError(`${about.id}: ${wrong} can't be an identifier`);
  const values = new Uint8Array(new SharedArrayBuffer(sorted.length * SCALAR_BYTES));
  sorted.forEach((element, i) => values.set(scalarBytes(element), i * SCALAR_BYTES));
  return { ...about, values, valuesHash: blake3('cap.list.v1', values) };
}

export const valueCount = ({ values }: ReferenceValues): number => values.length / SCALAR_BYTES;
/** The values from <= i < to, packed, in memory of their own. */
export const valuesBetween = ({ values }: ReferenceValues, from: number, to: number): Uint8Array =>
  new Uint8Array(values.subarray(from * SCALAR_BYTES, to * SCALAR_BYTES));
export const valueAt = ({ values }: ReferenceValues, i: number): bigint =>
  integerOf(values.subarray(i * SCALAR_BYTES, (i + 1) * SCALAR_BYTES));

/** D: BLAKE3 of every public thing, each field as u32 little endian length ‖ bytes, numbers in decimal text. */
export function statementDigest(statement: ZkStatement): Buffer {
  const { manifestHash, policyHash, signer, audience, nonce, issuedAt, expiresAt, lists } = statement;
  const fields: (Uint8Array | string)[] = ['cap.zk.v1', 'kzg-columns', '1', PARAMS_HASH, VK_HASH];
  fields.push(manifestHash, policyHash, signer, audience, nonce, issuedAt, expiresAt, String(lists.length));
  for (const { name, n, min, max, table, references, commitments } of lists) {
    fields.push(name, String(n), String(min), String(max), table.hash, String(references.length));
    for (const { id, fileHash, asOf, valuesHash } of references) fields.push(id, fileHash, asOf, valuesHash);
    fields.push(commitments.x, commitments.r, commitments.d);
  }
  return blake3(...fields.map(lengthPrefixed));
}

/** Throws Rejected for a statement that has no meaning: sizes, bounds, tables or values out of range. */
export function checkStatement({ lists }: ZkStatement): void {
  if (lists.length === 0) throw new Rejected('a statement about no list');
  for (const {
    name,
    n,
    min,
    max,
    table: { codes },
  } of lists) {
    if (!DOMAIN_SIZES.includes(n)) throw new Rejected(`${name}: no domain has the size ${n}`);
    const { v } = domain(n);
    const bounds = Number.isInteger(min) && Number.isInteger(max) && 0 <= min && min <= max && max <= v;
    if (!bounds) throw new Rejected(`${name}: bounds ${min} to ${max} of at most ${v} rows`);
    if (codes.length === 0 || codes.length > v || !codes.every((code, i) => code > (codes[i - 1] ?? 0)))
      throw new Rejected(`${name}: the table of codes is empty, too long or not strictly sorted`);
  }
}
