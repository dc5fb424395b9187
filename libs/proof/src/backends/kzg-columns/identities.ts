import { maskAt, tailAt, type Domain } from './domain.js';
import { FIELD_ORDER, inverses, mod, power } from './field.js';
import type { ListStatement } from './statement.js';

/** The columns' values on one row and the next, all field elements. */
interface RowValues {
  a: bigint;
  aNext: bigint;
  z: bigint;
  zNext: bigint;
  h: bigint;
  hNext: bigint;
  m: bigint;
  /** The table of allowed codes. */
  t: bigint;
}
/** What a proof shows of the columns at zeta and zeta * w, in this order. */
export const OPENED = ['a', 'aNext', 'z', 'zNext', 'h', 'hNext', 'm'] as const;
export type Opened = Record<(typeof OPENED)[number], bigint>;

export interface Challenges {
  rho: bigint;
  alpha: bigint;
  beta: bigint;
  gamma: bigint;
  zeta: bigint;
}

/**
 * constant + x * (column x) + r * (column r) = 0 on its rows. The committed columns enter linearly and are never opened
 * outside the domain, so that proofs over one manifest do not add up to a leak.
 */
interface RowConstraint {
  rule: string;
  over: 'data' | 'mask';
  constant: bigint;
  x?: bigint;
  r?: bigint;
}

/** Written once: the prover evaluates it on a coset, the verifier at zeta. */
export function rowConstraints(
  { a, aNext, z, zNext, h, hNext, m, t }: RowValues,
  { alpha, beta }: Pick<Challenges, 'alpha' | 'beta'>,
): RowConstraint[] {
  const step = hNext - h;
  const shifted = beta + t;
  return [
    { rule: 'boolean', over: 'data', constant: a * (a - 1n) },
    { rule: 'prefix', over: 'data', constant: aNext * (1n - a) },
    // A row that does not count has no code.
    { rule: 'inactive', over: 'data', constant: 0n, r: 1n - a },
    // z runs through the product of (alpha - x)
    { rule: 'product', over: 'data', constant: zNext - z * alpha, x: z },
    // h runs through the sum of a/(beta + r) - m/(beta + t) (logarithmic derivatives: Haböck 2022, eprint 2022/1530)
    {
      rule: 'lookup',
      over: 'data',
      constant: (((step * beta) % FIELD_ORDER) - a) * shifted + m * beta,
      r: step * shifted + m,
    },
    // and z on through fresh roots, which hide A(alpha)
    { rule: 'mask', over: 'mask', constant: zNext - z * mod(alpha - m) },
  ];
}

/** column(w^row) = value. Like x and r above, d enters linearly and is never opened off the domain. */
interface Boundary {
  rule: string;
  column: 'a' | 'z' | 'h' | 'd';
  row: number;
  value: bigint;
}

export function boundaries({ min, max }: ListStatement, { v, u }: Domain, valueOfA: bigint): Boundary[] {
  return [
    { rule: 'z start', column: 'z', row: 0, value: 1n },
    { rule: 'z end', column: 'z', row: u, value: valueOfA },
    { rule: 'h start', column: 'h', row: 0, value: 0n },
    { rule: 'h end', column: 'h', row: v, value: 0n },
    // Nothing else is required of d; its own power of gamma keeps a point that nobody can open from being called C_d.
    { rule: 'd end', column: 'd', row: u, value: 0n },
    ...(min > 0 ? [{ rule: 'min', column: 'a' as const, row: min - 1, value: 1n }] : []),
    ...(max < v ? [{ rule: 'max', column: 'a' as const, row: max, value: 0n }] : []),
  ];
}

/** What A(X) of a list must be coprime to: a product of the named polynomials. */
export interface Factor {
  /** Number of a chunk of the reference lists. */
  chunk: number | null;
  /** Times A'(X): coprime to its own derivative, so no two rows are the same. */
  slope: boolean;
  /** Times A(X) of these earlier entries of the statement: the same list's earlier segments. */
  earlier: readonly number[];
}

export function factorsOf(lists: readonly ListStatement[], i: number, chunks: number, earlierInOne: number): Factor[] {
  const factors: Factor[] = Array.from({ length: Math.max(chunks, 1) }, (_, j) => ({
    chunk: j < chunks ? j : null,
    slope: j === 0,
    earlier: [],
  }));
  const earlier = lists.flatMap(({ name }, k) => (k < i && name === lists[i]!.name ? [k] : []));
  for (let k = 0; k < earlier.length; k += earlierInOne)
    factors.push({ chunk: null, slope: false, earlier: earlier.slice(k, k + earlierInOne) });
  return factors;
}

/** One list as prover and verifier see it at the end; T is a polynomial or a commitment to one. */
export interface ListView<T> {
  list: ListStatement;
  domain: Domain;
  factors: readonly Factor[];
  /** A(alpha), A'(alpha). */
  valueOfA: bigint;
  slopeOfA: bigint;
  /** Values at alpha of the chunks of the reference lists. */
  chunksAtAlpha: readonly bigint[];
  opened: Opened;
  /** t(zeta). */
  tableAtZeta: bigint;
  columns: { x: T; r: T; d: T; a: T; m: T; z: T; h: T; A: T; p: T; q: readonly T[] };
}

/** The polynomial sum of terms takes the values at the points; `double`: value and slope at one point. */
export interface Claim<T> {
  terms: [bigint, T][];
  points: readonly bigint[];
  values: readonly bigint[];
  double?: true;
}

/** The rules of the protocol. A test takes one out by giving it the weight 0. */
export class Identities {
  /** The weight of a rule in its random linear combination. */
  protected weight(_rule: string, power: bigint): bigint {
    return power;
  }

  protected claimOfA<T>({ columns, valueOfA, slopeOfA }: ListView<T>, alpha: bigint): Claim<T> {
    return { terms: [[1n, columns.A]], points: [alpha], values: [valueOfA, slopeOfA], double: true };
  }

  /** Weights of the list's constraints: successive powers of gamma, from `first`. Returns the next one too. */
  weights(
    list: ListStatement,
    of: Domain,
    gamma: bigint,
    first: bigint,
  ): { weights: Map<string, bigint>; next: bigint } {
    const rules = [...ROW_RULES, ...boundaries(list, of, 0n).map(({ rule }) => rule)];
    const weights = new Map<string, bigint>();
    let next = first;
    for (const rule of rules) {
      weights.set(rule, this.weight(rule, next));
      next = (next * gamma) % FIELD_ORDER;
    }
    return { weights, next };
  }

  /** rho^j for each factor. */
  factorWeights(factors: readonly Factor[], rho: bigint): bigint[] {
    let next = 1n;
    return factors.map((_, j) => {
      const weight = this.weight(`coprime ${j}`, next);
      next = (next * rho) % FIELD_ORDER;
      return weight;
    });
  }

  /** Every claim of the batched opening, in order. */
  claims<T>(views: readonly ListView<T>[], quotient: T, challenges: Challenges): Claim<T>[] {
    const { alpha, rho, zeta, gamma } = challenges;
    const claims: Claim<T>[] = [];
    const linear: Claim<T> = { terms: [[FIELD_ORDER - 1n, quotient]], points: [zeta], values: [] };
    let constant = 0n;
    let first = 1n;
    for (const view of views) {
      const { opened: o, columns } = view;
      const both = [zeta, (zeta * view.domain.w) % FIELD_ORDER];
      claims.push(
        { terms: [[1n, columns.a]], points: both, values: [o.a, o.aNext] },
        { terms: [[1n, columns.z]], points: both, values: [o.z, o.zNext] },
        { terms: [[1n, columns.h]], points: both, values: [o.h, o.hNext] },
        { terms: [[1n, columns.m]], points: [zeta], values: [o.m] },
        this.claimOfA(view, alpha),
        this.#coprimality(view, views, rho, alpha),
      );
      const { weights, next } = this.weights(view.list, view.domain, gamma, first);
      first = next;
      const at = constraintsAt(view, challenges, weights);
      constant += at.constant;
      linear.terms.push([at.x, columns.x], [at.r, columns.r], [at.d, columns.d]);
    }
    return [...claims, { ...linear, values: [mod(-constant)] }];
  }

  /** A(alpha) p + sum rho^j F_j(alpha) q_j = sum rho^j at alpha: one linear claim, so neither p nor a q_j is shown there. */
  #coprimality<T>(view: ListView<T>, views: readonly ListView<T>[], rho: bigint, alpha: bigint): Claim<T> {
    const weights = this.factorWeights(view.factors, rho);
    const terms: [bigint, T][] = [[view.valueOfA, view.columns.p]];
    let sum = 0n;
    view.factors.forEach(({ chunk, slope, earlier }, j) => {
      const weight = weights[j]!;
      if (weight === 0n) return;
      let value = chunk === null ? 1n : view.chunksAtAlpha[chunk]!;
      if (slope) value = (value * view.slopeOfA) % FIELD_ORDER;
      for (const k of earlier) value = (value * views[k]!.valueOfA) % FIELD_ORDER;
      terms.push([(weight * value) % FIELD_ORDER, view.columns.q[j]!]);
      sum = mod(sum + weight);
    });
    return { terms, points: [alpha], values: [sum] };
  }
}

export const ROW_RULES: readonly string[] = rowConstraints(
  { a: 0n, aNext: 0n, z: 0n, zNext: 0n, h: 0n, hNext: 0n, m: 0n, t: 0n },
  { alpha: 0n, beta: 0n },
).map(({ rule }) => rule);

/** The list's weighted constraints over their vanishing polynomials at zeta: constant + x * column x + r * column r + d * column d. */
function constraintsAt<T>(
  { list, domain, opened, tableAtZeta, valueOfA }: ListView<T>,
  challenges: Challenges,
  weights: ReadonlyMap<string, bigint>,
): { constant: bigint; x: bigint; r: bigint; d: bigint } {
  const { zeta } = challenges;
  const edges = boundaries(list, domain, valueOfA);
  const [overData, overMask, ...overEdges] = inverses([
    mod(power(zeta, domain.n) - 1n),
    maskAt(domain, zeta),
    ...edges.map(({ row }) => mod(zeta - domain.points[row]!)),
  ]);
  const over = { data: (overData! * tailAt(domain, zeta)) % FIELD_ORDER, mask: overMask! };
  const sum = { constant: 0n, x: 0n, r: 0n, d: 0n };
  for (const { rule, over: rows, constant, x = 0n, r = 0n } of rowConstraints(
    { ...opened, t: tableAtZeta },
    challenges,
  )) {
    const weight = weights.get(rule)! * over[rows];
    sum.constant += weight * mod(constant);
    sum.x += weight * mod(x);
    sum.r += weight * mod(r);
  }
  edges.forEach(({ rule, column, value }, i) => {
    const weight = (weights.get(rule)! * overEdges[i]!) % FIELD_ORDER;
    if (column === 'd') sum.d += weight;
    sum.constant += weight * mod((column === 'd' ? 0n : opened[column]) - value);
  });
  return { constant: mod(sum.constant), x: mod(sum.x), r: mod(sum.r), d: mod(sum.d) };
}
