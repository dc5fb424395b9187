import { FIELD_ORDER, inverse, mod, power } from './field.js';

/** Coefficients, lowest first. */
export type Polynomial = bigint[];

/** Generates the multiplicative group; also shifts the coset on which quotients are computed. */
const GENERATOR = 7n;

const rootsOfUnity = new Map<number, bigint>();
/** A primitive n-th root of unity, 7^((p-1)/n); n a power of two. */
export function rootOfUnity(n: number): bigint {
  const known = rootsOfUnity.get(n);
  if (known !== undefined) return known;
  const root = power(GENERATOR, (FIELD_ORDER - 1n) / BigInt(n));
  rootsOfUnity.set(n, root);
  return root;
}

const twiddles = new Map<string, bigint[]>();
function twiddleFactors(root: bigint, n: number, length: number): bigint[] {
  const key = `${root}/${length}`;
  const known = twiddles.get(key);
  if (known) return known;
  const step = power(root, n / length);
  const factors = [1n];
  for (let i = 1; i < length / 2; i++) factors.push((factors[i - 1]! * step) % FIELD_ORDER);
  twiddles.set(key, factors);
  return factors;
}

/** Number-theoretic transform (Cooley-Tukey, radix 2): the values at root^0, root^1, … in a new array. */
function transform(input: readonly bigint[], root: bigint): bigint[] {
  const n = input.length;
  const out = input.slice();
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [out[i], out[j]] = [out[j]!, out[i]!];
  }
  for (let length = 2; length <= n; length <<= 1) {
    const half = length >> 1;
    const factors = twiddleFactors(root, n, length);
    for (let start = 0; start < n; start += length)
      for (let j = 0; j < half; j++) {
        const even = out[start + j]!;
        const odd = (out[start + j + half]! * factors[j]!) % FIELD_ORDER;
        const sum = even + odd;
        const difference = even - odd;
        out[start + j] = sum >= FIELD_ORDER ? sum - FIELD_ORDER : sum;
        out[start + j + half] = difference < 0n ? difference + FIELD_ORDER : difference;
      }
  }
  return out;
}

const padded = (coefficients: readonly bigint[], n: number): bigint[] => {
  const out = new Array<bigint>(n).fill(0n);
  for (let i = 0; i < coefficients.length; i++) out[i] = coefficients[i]!;
  return out;
};

/** Values on the domain of size n (a power of two, more than the degree). */
export const evaluations = (coefficients: readonly bigint[], n: number): bigint[] =>
  transform(padded(coefficients, n), rootOfUnity(n));

/** The polynomial of degree < n with these n values on the domain. */
export function interpolated(values: readonly bigint[]): Polynomial {
  const scale = inverse(BigInt(values.length));
  return transform(values, inverse(rootOfUnity(values.length))).map((value) => (value * scale) % FIELD_ORDER);
}

function scaled(coefficients: readonly bigint[], factor: bigint): bigint[] {
  let weight = 1n;
  return coefficients.map((coefficient) => {
    const value = (coefficient * weight) % FIELD_ORDER;
    weight = (weight * factor) % FIELD_ORDER;
    return value;
  });
}
/** Values on the coset 7·H of the domain of size n, where vanishing polynomials of subsets of H have no zero. */
export const cosetEvaluations = (coefficients: readonly bigint[], n: number): bigint[] =>
  evaluations(scaled(coefficients, GENERATOR), n);
export const cosetInterpolated = (values: readonly bigint[]): Polynomial =>
  scaled(interpolated(values), inverse(GENERATOR));
/** The points of the coset, in the order of its evaluations. */
export function cosetPoints(n: number): bigint[] {
  const root = rootOfUnity(n);
  const points = [GENERATOR];
  for (let i = 1; i < n; i++) points.push((points[i - 1]! * root) % FIELD_ORDER);
  return points;
}

/** Without leading zeros. */
export function trimmed(coefficients: Polynomial): Polynomial {
  let length = coefficients.length;
  while (length > 0 && coefficients[length - 1] === 0n) length--;
  return coefficients.slice(0, length);
}

/** Horner's rule. */
export function evaluate(coefficients: readonly bigint[], x: bigint): bigint {
  let result = 0n;
  for (let i = coefficients.length - 1; i >= 0; i--) result = (result * x + coefficients[i]!) % FIELD_ORDER;
  return result;
}

export const derivative = (coefficients: readonly bigint[]): Polynomial =>
  coefficients.slice(1).map((value, i) => (value * BigInt(i + 1)) % FIELD_ORDER);

/** sum += factor * addend, in place; returns sum. */
export function addScaled(sum: Polynomial, addend: readonly bigint[], factor = 1n): Polynomial {
  while (sum.length < addend.length) sum.push(0n);
  for (let i = 0; i < addend.length; i++) sum[i] = mod(sum[i]! + factor * addend[i]!);
  return sum;
}

const atLeastPowerOfTwo = (length: number): number => {
  let n = 1;
  while (n < length) n *= 2;
  return n;
};

/** Below this length the schoolbook product is faster than transforms. */
const SCHOOLBOOK = 24;

function schoolbookProduct(a: readonly bigint[], b: readonly bigint[]): Polynomial {
  const out = new Array<bigint>(a.length + b.length - 1).fill(0n);
  for (let i = 0; i < a.length; i++) for (let j = 0; j < b.length; j++) out[i + j]! += a[i]! * b[j]!;
  return out.map((value) => value % FIELD_ORDER);
}

export function multiply(a: readonly bigint[], b: readonly bigint[]): Polynomial {
  if (Math.min(a.length, b.length) <= SCHOOLBOOK) return schoolbookProduct(a, b);
  const length = a.length + b.length - 1;
  // One coefficient more than a power of two, as in a product tree: it wraps round to the first one, and it is known, so that
  // half the transform will do.
  const wraps = atLeastPowerOfTwo(length - 1) === length - 1;
  const n = wraps ? length - 1 : atLeastPowerOfTwo(length);
  const x = evaluations(a, n);
  const y = evaluations(b, n);
  const product = interpolated(x.map((value, i) => (value * y[i]!) % FIELD_ORDER));
  if (!wraps) return product.slice(0, length);
  const last = (a.at(-1)! * b.at(-1)!) % FIELD_ORDER;
  product[0] = mod(product[0]! - last);
  return [...product, last];
}

/** The quotient by (X - x); the remainder is dropped. */
export function dividedByRoot(coefficients: readonly bigint[], x: bigint): Polynomial {
  const quotient = new Array<bigint>(Math.max(coefficients.length - 1, 0));
  let rest = 0n;
  for (let i = coefficients.length - 1; i > 0; i--) {
    rest = (rest * x + coefficients[i]!) % FIELD_ORDER;
    quotient[i - 1] = rest;
  }
  return quotient;
}

/** Levels of the product tree over (X - root), leaves first; the last level is the full product. */
export function productTree(roots: readonly bigint[]): Polynomial[][] {
  const levels: Polynomial[][] = [roots.map((root) => [mod(-root), 1n])];
  for (;;) {
    const below = levels.at(-1)!;
    if (below.length <= 1) return levels;
    const level: Polynomial[] = [];
    for (let i = 0; i < below.length; i += 2)
      level.push(i + 1 < below.length ? multiply(below[i]!, below[i + 1]!) : below[i]!);
    levels.push(level);
  }
}

/** The product of (X - root) over all roots. */
export const productOfRoots = (roots: readonly bigint[]): Polynomial => productTree(roots).at(-1)![0] ?? [1n];

/** sum over i of weight_i * product / (X - root_i), product over the tree's roots. */
export function combinedOverTree(tree: readonly Polynomial[][], weights: readonly bigint[]): Polynomial {
  let nodes: Polynomial[] = weights.map((weight) => [weight]);
  for (const level of tree.slice(0, -1)) {
    const above: Polynomial[] = [];
    for (let i = 0; i < nodes.length; i += 2)
      above.push(
        i + 1 < nodes.length
          ? addScaled(multiply(nodes[i]!, level[i + 1]!), multiply(nodes[i + 1]!, level[i]!))
          : nodes[i]!,
      );
    nodes = above;
  }
  return nodes[0]!;
}

/**
 * 1/c modulo X^length for c with c[0] != 0, by Newton's iteration (von zur Gathen and Gerhard, Modern Computer Algebra,
 * algorithm 9.3).
 */
function seriesInverse(c: readonly bigint[], length: number): Polynomial {
  let result: Polynomial = [inverse(c[0]!)];
  for (let known = 1; known < length;) {
    known = Math.min(2 * known, length);
    const product = multiply(multiply(result, result), c.slice(0, known)).slice(0, known);
    const next = addScaled(
      product.map((value) => mod(-value)),
      result,
      2n,
    );
    result = next.slice(0, known);
  }
  return result;
}

/** Remainders modulo one fixed polynomial, by one precomputed power series (the same book, algorithm 9.5). */
export class Modulus {
  readonly #degree: number;
  #series: Polynomial = [];

  constructor(private readonly modulus: readonly bigint[]) {
    this.#degree = modulus.length - 1;
  }

  remainder(dividend: readonly bigint[]): Polynomial {
    const quotientLength = dividend.length - this.#degree;
    if (quotientLength <= 0) return dividend.slice();
    if (this.#series.length < quotientLength) this.#series = seriesInverse([...this.modulus].reverse(), quotientLength);
    const reversed = [...dividend].reverse().slice(0, quotientLength);
    const quotient = multiply(reversed, this.#series.slice(0, quotientLength)).slice(0, quotientLength).reverse();
    const product = multiply(quotient, this.modulus);
    return Array.from({ length: this.#degree }, (_, i) => mod(dividend[i]! - product[i]!));
  }
}
