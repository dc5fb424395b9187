import { blake3, blake3Wide, lengthPrefixed } from '@cap/crypto';
import { domain } from './domain.js';
import { integerOf, mod } from './field.js';
import { interpolated, type Polynomial } from './polynomial.js';

/** A row of a list as field elements. */
export interface ColumnRow {
  /** Identifier: first 31 bytes of BLAKE3("cap.id.v1" ‖ normalised identifier). */
  x: bigint;
  /** Code: country + 2^16 * flags; never 0, which means that there is no row. */
  r: bigint;
  /** Document: first 31 bytes of BLAKE3("cap.doc.v1" ‖ the row's merkle-blake3.v3 leaf hash). */
  d: bigint;
}

const shortHash = (label: string, data: Uint8Array | string): bigint => integerOf(blake3(label, data).subarray(0, 31));

/** `identifier`: normalised under cap.id.v1. */
export const identifierElement = (identifier: string): bigint => shortHash('cap.id.v1', identifier);
export const documentElement = (leafHash: Uint8Array): bigint => shortHash('cap.doc.v1', leafHash);

/** The committed columns of one segment, the prover's secret. */
export interface SecretColumns {
  n: number;
  /** Rows that count: the first ones. */
  count: number;
  evaluations: Record<'x' | 'r' | 'd', bigint[]>;
  polynomials: Record<'x' | 'r' | 'd', Polynomial>;
}

/**
 * Lays rows out on the domain: data rows without a row get a random x and r = d = 0, all rows from v on are random, except that
 * d is 0 at the end row: by this rule alone d enters a proof.
 * `random` returns a uniform element that is fixed per column and row; see seededScalars.
 * Throws RangeError for more rows than the domain has room for.
 */
export function secretColumns(
  n: number,
  rows: readonly ColumnRow[],
  random: (column: string, row: number) => bigint,
): SecretColumns {
  const { v, u } = domain(n);
  if (rows.length > v) throw new RangeError(`${rows.length} rows in a domain that holds ${v}`);
  const column = (name: 'x' | 'r' | 'd', unused: (row: number) => bigint) =>
    Array.from({ length: n }, (_, i) => (i < rows.length ? rows[i]![name] : i < v ? unused(i) : random(name, i)));
  const evaluations = {
    x: column('x', (row) => random('x', row)),
    r: column('r', () => 0n),
    d: column('d', () => 0n),
  };
  evaluations.d[u] = 0n;
  const { x, r, d } = evaluations;
  return {
    n,
    count: rows.length,
    evaluations,
    polynomials: { x: interpolated(x), r: interpolated(r), d: interpolated(d) },
  };
}

/** Bytes of the secret that everything random in a list's commitment comes from. */
export const SEED_BYTES = 32;

/** Uniform elements derived from a secret seed, so that the columns can be made again from rows and seed. */
export const seededScalars =
  (seed: Uint8Array, list: string, segment: number) =>
  (column: string, row: number): bigint =>
    mod(
      integerOf(
        blake3Wide(...['cap.columns.v1', seed, list, String(segment), column, String(row)].map(lengthPrefixed)),
      ),
    );

/**
 * The order in which rows are laid out, from their leaf hashes: indices of `leaves`, shuffled by the seed. Leaf order itself
 * would let the index of an opened row, whose leaf hash is then known, tell roughly how many rows there are.
 */
export function shuffledOrder(seed: Uint8Array, list: string, leaves: readonly Uint8Array[]): number[] {
  const keys = leaves.map((leaf) => blake3(...['cap.shuffle.v1', seed, list, leaf].map(lengthPrefixed)));
  return leaves.map((_, i) => i).sort((a, b) => keys[a]!.compare(keys[b]!));
}
