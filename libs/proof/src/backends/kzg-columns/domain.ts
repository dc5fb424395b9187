import { FIELD_ORDER, mod } from './field.js';
import { rootOfUnity } from './polynomial.js';

/** Rows whose multiplicities hide the value of A(X): see columns.ts. */
export const MASK_ROWS = 6;
/** Random rows at the end, more than the number of values that a proof shows of a column. */
export const BLINDING_ROWS = 4;

/** The sizes that there are; a list's name settles which is its own, 64 is for tests. */
export const DOMAIN_SIZES: readonly number[] = [64, 512, 1024];

/**
 * The domain H of a list, the powers of an n-th root of unity w. Rows: data 0..v-1, mask v..u-1, end row u, blinding
 * u+1..n-1.
 */
export interface Domain {
  n: number;
  /** Number of data rows: the capacity. */
  v: number;
  /** The end row. */
  u: number;
  w: bigint;
  /** w^0 … w^(n-1). */
  points: readonly bigint[];
}

const domains = new Map<number, Domain>();

/** n must be one of DOMAIN_SIZES. */
export function domain(n: number): Domain {
  const known = domains.get(n);
  if (known) return known;
  if (!DOMAIN_SIZES.includes(n)) throw new RangeError(`no domain of size ${n}`);
  const w = rootOfUnity(n);
  const points = [1n];
  for (let i = 1; i < n; i++) points.push((points[i - 1]! * w) % FIELD_ORDER);
  const u = n - 1 - BLINDING_ROWS;
  const made = { n, v: u - MASK_ROWS, u, w, points };
  domains.set(n, made);
  return made;
}

/** product over rows from <= i < to of (x - w^i). */
function vanishing({ points }: Domain, from: number, to: number, x: bigint): bigint {
  let product = 1n;
  for (let i = from; i < to; i++) product = (product * mod(x - points[i]!)) % FIELD_ORDER;
  return product;
}

/** The vanishing polynomial of the data rows is (X^n - 1) / tail(X). */
export const tailAt = (of: Domain, x: bigint): bigint => vanishing(of, of.v, of.n, x);
/** The vanishing polynomial of the mask rows. */
export const maskAt = (of: Domain, x: bigint): bigint => vanishing(of, of.v, of.u, x);
