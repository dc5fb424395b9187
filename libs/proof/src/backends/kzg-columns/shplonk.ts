import { FIELD_ORDER, inverse, inverses, mod } from './field.js';
import type { Claim } from './identities.js';
import { addScaled, dividedByRoot, evaluate, type Polynomial } from './polynomial.js';

/**
 * Many claims about many polynomials opened with two points: Shplonk (Boneh, Drake, Fisch, Gabizon 2020, eprint 2020/081,
 * section 4), with claims about linear combinations and about value and slope at one point.
 */

/** The zeros of a claim's vanishing polynomial, with their multiplicity. */
const zerosOf = ({ points, double }: Claim<unknown>): readonly bigint[] => (double ? [points[0]!, points[0]!] : points);

const vanishingAt = (claim: Claim<unknown>, y: bigint): bigint =>
  zerosOf(claim).reduce((product, point) => (product * mod(y - point)) % FIELD_ORDER, 1n);

/** The polynomial of least degree that takes the claimed values (two points at most). */
function remainderOf({ points, values, double }: Claim<unknown>): Polynomial {
  const [p, q] = points as [bigint, bigint?];
  const [value, second] = values as [bigint, bigint?];
  if (double) return [mod(value - second! * p), second!];
  if (q === undefined) return [value];
  const slope = ((second! - value) * inverse(mod(q - p))) % FIELD_ORDER;
  return [mod(value - slope * p), mod(slope)];
}

/** The claims with their polynomials added up. */
interface ProverClaim {
  claim: Claim<Polynomial>;
  polynomial: Polynomial;
  remainder: Polynomial;
}

export const proverClaims = (claims: readonly Claim<Polynomial>[]): ProverClaim[] =>
  claims.map((claim) => ({
    claim,
    polynomial: claim.terms.reduce<Polynomial>((sum, [factor, polynomial]) => addScaled(sum, polynomial, factor), []),
    remainder: remainderOf(claim),
  }));

/** W: sum of nu^i (f_i - r_i) / Z_i. */
export function firstWitness(claims: readonly ProverClaim[], nu: bigint): Polynomial {
  const witness: Polynomial = [];
  let weight = 1n;
  for (const { claim, polynomial, remainder } of claims) {
    let quotient = addScaled(polynomial.slice(), remainder, -1n);
    for (const zero of zerosOf(claim)) quotient = dividedByRoot(quotient, zero);
    addScaled(witness, quotient, weight);
    weight = (weight * nu) % FIELD_ORDER;
  }
  return witness;
}

/** W': (sum of nu^i / Z_i(y) * (f_i - r_i(y)) - W) / (X - y). */
export function secondWitness(claims: readonly ProverClaim[], witness: Polynomial, nu: bigint, y: bigint): Polynomial {
  const sum = witness.map((value) => mod(-value));
  let weight = 1n;
  for (const { claim, polynomial, remainder } of claims) {
    const factor = (weight * inverse(vanishingAt(claim, y))) % FIELD_ORDER;
    addScaled(sum, polynomial, factor);
    sum[0] = mod(sum[0]! - factor * evaluate(remainder, y));
    weight = (weight * nu) % FIELD_ORDER;
  }
  return dividedByRoot(sum, y);
}

/** A linear combination of points; the factor of the generator apart. */
export interface Combination<T> {
  terms: [bigint, T][];
  ofGenerator: bigint;
}

/**
 * The verifier's side: the combination L for which e(L, G2) = e(W', tau G2) must hold,
 * L = sum of nu^i / Z_i(y) * (C_i - r_i(y) G) - W + y W'.
 */
export function openingEquation<T>(
  claims: readonly Claim<T>[],
  witnesses: { first: T; second: T },
  nu: bigint,
  y: bigint,
): Combination<T> {
  const terms: [bigint, T][] = [
    [FIELD_ORDER - 1n, witnesses.first],
    [y, witnesses.second],
  ];
  const overVanishing = inverses(claims.map((claim) => vanishingAt(claim, y)));
  const remaindersAt = remaindersAtPoint(claims, y);
  let ofGenerator = 0n;
  let weight = 1n;
  claims.forEach((claim, i) => {
    const factor = (weight * overVanishing[i]!) % FIELD_ORDER;
    for (const [scalar, point] of claim.terms) terms.push([(factor * scalar) % FIELD_ORDER, point]);
    ofGenerator = mod(ofGenerator - factor * remaindersAt[i]!);
    weight = (weight * nu) % FIELD_ORDER;
  });
  return { terms, ofGenerator };
}

/** r_i(y) for all claims, with one inversion for all pairs of points. */
function remaindersAtPoint(claims: readonly Claim<unknown>[], y: bigint): bigint[] {
  const pairs = [...new Set(claims.filter(({ points }) => points.length === 2).map(({ points }) => points))];
  const gaps = inverses(pairs.map(([p, q]) => mod(q! - p!)));
  const gapOf = new Map(pairs.map((points, i) => [points, gaps[i]!]));
  return claims.map(({ points, values, double }) => {
    const [p, value] = [points[0]!, values[0]!];
    if (double) return mod(value + values[1]! * (y - p));
    if (points.length === 1) return value;
    return mod(value + (((values[1]! - value) * mod(y - p)) % FIELD_ORDER) * gapOf.get(points)!);
  });
}
