import type { SecretColumns } from './columns.js';
import { domain, maskAt, tailAt, type Domain } from './domain.js';
import { FIELD_ORDER, inverses, mod, pack, power, randomScalar, randomScalars, unpack } from './field.js';
import { boundaries, factorsOf, rowConstraints, type Challenges, type Factor, type Identities } from './identities.js';
import type { JobScheduler } from './job-scheduler.js';
import {
  addScaled,
  cosetEvaluations,
  cosetInterpolated,
  cosetPoints,
  derivative,
  evaluate,
  interpolated,
  multiply,
  trimmed,
  type Polynomial,
} from './polynomial.js';
import { checkStatement, EARLIER, valuesBetween, type ListStatement, type ZkStatement } from './statement.js';
import { chunksOf, paddedTable } from './verifier.js';

/** A statement that is not true of the rows: which entry of it, and which row (by its place in the columns), if it is one. */
export class FalseStatement extends Error {
  override name = 'FalseStatement';

  constructor(
    readonly entry: number,
    readonly row: number | null,
    why: string,
  ) {
    super(why);
  }
}

/** Size of the coset on which p is computed: more than any p has coefficients. */
const COFACTOR_DOMAIN = 4096;
/** A random multiple of A of this many coefficients hides each q_j. */
const COFACTOR_MASK = 5;

/*
 * What the prover knows of one list, round by round. Each round takes what the one before made and adds to it, so that nothing
 * can be used before the challenge that it depends on is drawn:
 *
 *   StatementState -> CountedState -> ProductState -> CommitmentState  (first messages; rho) -> CofactorState  (p; alpha, beta) -> SumState -> RunningState  (z, h; gamma)
 */

/** Before the first round: the entry of the statement and the secret columns. */
interface StatementState {
  entry: number;
  list: ListStatement;
  domain: Domain;
  secret: SecretColumns;
  factors: Factor[];
  table: { evaluations: bigint[]; coefficients: Polynomial };
  evaluations: Record<'x' | 'r' | 'd', bigint[]>;
  columns: Record<'x' | 'r' | 'd', Polynomial>;
}

/** With activity and multiplicities. */
export interface CountedState extends StatementState {
  evaluations: Record<'x' | 'r' | 'd' | 'a' | 'm', bigint[]>;
  columns: Record<'x' | 'r' | 'd' | 'a' | 'm', Polynomial>;
  /** Zeros of A(X): identifiers of the data rows, then the masks. */
  roots: bigint[];
}

/** With A(X), its derivative and the chunks of the reference lists, the product of (X - value) each. */
interface ProductState extends CountedState {
  columns: CountedState['columns'] & { A: Polynomial };
  slope: Polynomial;
  chunks: Polynomial[];
}

/** With the cofactors: all that the first messages commit to. */
export interface CommitmentState extends ProductState {
  columns: ProductState['columns'] & { q: Polynomial[] };
}

/** With p, which binds the cofactors together under rho. */
interface CofactorState extends CommitmentState {
  columns: CommitmentState['columns'] & { p: Polynomial };
}

/** With the running product and sum under alpha and beta, not yet blinded. */
export interface SumState extends CofactorState {
  evaluations: CountedState['evaluations'] & Record<'z' | 'h', bigint[]>;
  valueOfA: bigint;
  slopeOfA: bigint;
}

/** With the running columns, blinded. */
export interface RunningState extends SumState {
  columns: CofactorState['columns'] & Record<'z' | 'h', Polynomial>;
}

type RunningChallenges = Pick<Challenges, 'alpha' | 'beta'>;

/**
 * Checks that an honest prover makes on itself, and how it fills its columns. Tests replace them to play a cheating
 * prover, which the verifier must reject.
 */
export interface ProverSteps {
  /** Throws Rejected for a statement without a meaning. */
  check(statement: ZkStatement): void;
  /** Column a. */
  activity(state: StatementState): bigint[];
  codeNotAllowed(state: StatementState, row: number): void;
  rootsOfA(state: CountedState): readonly bigint[];
  /** The cofactor of a factor that has the root of this number in common with A, so that there is none. */
  sharedRoot(state: ProductState, factor: number, row: number): Polynomial;
  /** The cofactors that are committed to. */
  cofactors(state: CommitmentState): Polynomial[];
  slopeOfA(state: ProductState): Polynomial;
  /** RunningState columns before they are blinded. */
  running(state: SumState, challenges: RunningChallenges): SumState;
  checkQuotient(quotient: Polynomial, states: readonly StatementState[]): void;
}

export const honestSteps: ProverSteps = {
  check: checkStatement,

  /** 1 on the rows that count, 0 on the others and on row v, random after it. */
  activity({ domain, secret: { count }, list, entry }) {
    if (count < list.min || count > list.max)
      throw new FalseStatement(entry, null, `${count} rows are not ${list.min} to ${list.max}`);
    return Array.from({ length: domain.n }, (_, i) => (i < count ? 1n : i <= domain.v ? 0n : randomScalar()));
  },

  codeNotAllowed({ entry }, row) {
    throw new FalseStatement(entry, row, 'the code is not in the table');
  },

  rootsOfA: ({ roots }) => roots,

  sharedRoot({ entry, factors, roots }, factor, row) {
    const why =
      roots.indexOf(roots[row]!) !== roots.lastIndexOf(roots[row]!)
        ? 'another row has the same identifier'
        : factors[factor]!.earlier.length > 0
          ? 'is in an earlier segment too'
          : 'is on a reference list';
    throw new FalseStatement(entry, row, why);
  },

  cofactors: ({ columns }) => columns.q,
  slopeOfA: ({ slope }) => slope,
  running: (state) => state,

  /** A constraint that does not hold leaves a quotient of full length. */
  checkQuotient(quotient, states) {
    const most = Math.max(...states.map(({ domain }) => 3 * (domain.n - 1) - domain.v + 1));
    if (quotient.length > most) throw new FalseStatement(0, null, 'a constraint does not hold');
  },
};

export function stated({ lists }: ZkStatement, secrets: readonly SecretColumns[]): StatementState[] {
  return lists.map((list, entry) => {
    const secret = secrets[entry]!;
    if (secret.n !== list.n) throw new RangeError(`${list.name}: columns of another size than the statement's`);
    const table = paddedTable(list.table.codes, list.n);
    return {
      entry,
      list,
      domain: domain(list.n),
      secret,
      factors: factorsOf(lists, entry, chunksOf(list).length, EARLIER),
      evaluations: { ...secret.evaluations },
      columns: { ...secret.polynomials },
      table: { evaluations: table, coefficients: interpolated(table) },
    };
  });
}

/** Activity and multiplicities: nothing here depends on a challenge. */
export function counted(state: StatementState, steps: ProverSteps): CountedState {
  const { domain, evaluations } = state;
  const a = steps.activity(state);
  const m = multiplicities(state, a, steps);
  return {
    ...state,
    evaluations: { ...evaluations, a, m },
    columns: { ...state.columns, a: interpolated(a), m: interpolated(m) },
    roots: [...evaluations.x.slice(0, domain.v), ...m.slice(domain.v, domain.u)],
  };
}

/** m: how often each code of the table occurs; random from row v on, where the first rows are the masks of A(X). */
function multiplicities(state: StatementState, a: readonly bigint[], steps: ProverSteps): bigint[] {
  const { evaluations, domain, list } = state;
  const rowOfCode = new Map(list.table.codes.map((code, i) => [BigInt(code), i]));
  const m = Array.from({ length: domain.n }, (_, i) => (i < domain.v ? 0n : randomScalar()));
  for (let i = 0; i < domain.v; i++) {
    if (a[i] === 0n) continue;
    const row = rowOfCode.get(evaluations.r[i]!);
    if (row === undefined) steps.codeNotAllowed(state, i);
    else m[row] = mod(m[row]! + a[i]!);
  }
  return m;
}

/** A(X), the product of (X - root), and its derivative; the chunks of the reference lists, each once. */
export async function multiplied(
  states: readonly CountedState[],
  scheduler: JobScheduler,
  steps: ProverSteps,
): Promise<ProductState[]> {
  const chunks = states.flatMap(({ list }) => chunksOf(list));
  const keys = chunks.map(([{ valuesHash }, from]) => `${Buffer.from(valuesHash).toString('hex')} ${from}`);
  const different = [...new Map(keys.map((key, i) => [key, chunks[i]!]))];
  const jobs = [
    ...states.map((state) => pack(steps.rootsOfA(state))),
    ...different.map(([, chunk]) => valuesBetween(...chunk)),
  ].map((roots) => ({ kind: 'product' as const, roots }));
  const products = (await scheduler.run(jobs)).map(unpack);
  const chunkProducts = new Map(different.map(([key], i) => [key, products[states.length + i]!]));
  let next = 0;
  return states.map((state, i) => {
    const A = products[i]!;
    return {
      ...state,
      columns: { ...state.columns, A },
      slope: derivative(A),
      chunks: chunksOf(state.list).map(() => chunkProducts.get(keys[next++]!)!),
    };
  });
}

/** q_j = 1/F_j mod A + (random of degree 4) * A, for every factor of every list. */
export async function committed(
  states: readonly ProductState[],
  scheduler: JobScheduler,
  steps: ProverSteps,
): Promise<CommitmentState[]> {
  const jobs = states.flatMap((state) => {
    const roots = pack(steps.rootsOfA(state));
    return state.factors.map(({ chunk, slope, earlier }) => ({
      kind: 'cofactor' as const,
      roots,
      factors: [...(chunk === null ? [] : [state.chunks[chunk]!]), ...earlier.map((k) => states[k]!.columns.A)].map(
        pack,
      ),
      slope,
    }));
  });
  const results = await scheduler.run(jobs);
  let next = 0;
  return states.map((state) => {
    const q = state.factors.map((_, j) => {
      const result = results[next++]!;
      if ('common' in result) return steps.sharedRoot(state, j, result.common);
      return addScaled(multiply(randomScalars(COFACTOR_MASK), state.columns.A), unpack(result.inverse));
    });
    const made = { ...state, columns: { ...state.columns, q } };
    return { ...made, columns: { ...made.columns, q: steps.cofactors(made) } };
  });
}

/**
 * p = (sum of rho^j (1 - q_j F_j)) / A: one polynomial for all the identities p_j A + q_j F_j = 1, since A is common to them
 * and rho comes after A and every q_j.
 */
export function combined(
  state: CommitmentState,
  states: readonly CommitmentState[],
  rho: bigint,
  identities: Identities,
  steps: ProverSteps,
): CofactorState {
  const { factors, columns, chunks } = state;
  const n = COFACTOR_DOMAIN;
  const slope = cosetEvaluations(steps.slopeOfA(state), n);
  const weights = identities.factorWeights(factors, rho);
  const sum = new Array<bigint>(n).fill(0n);
  factors.forEach((factor, j) => {
    const weight = weights[j]!;
    if (weight === 0n) return;
    const product = cosetEvaluations(columns.q[j]!, n);
    const multiplyBy = (values: readonly bigint[]) => {
      for (let i = 0; i < n; i++) product[i] = (product[i]! * values[i]!) % FIELD_ORDER;
    };
    if (factor.chunk !== null) multiplyBy(cosetEvaluations(chunks[factor.chunk]!, n));
    if (factor.slope) multiplyBy(slope);
    for (const k of factor.earlier) multiplyBy(cosetEvaluations(states[k]!.columns.A, n));
    for (let i = 0; i < n; i++) sum[i] = (sum[i]! + weight * (1n + FIELD_ORDER - product[i]!)) % FIELD_ORDER;
  });
  const overA = inverses(cosetEvaluations(columns.A, n));
  const p = trimmed(cosetInterpolated(sum.map((value, i) => (value * overA[i]!) % FIELD_ORDER)));
  return { ...state, columns: { ...columns, p } };
}

/** z, the running product of (alpha - root); h, the running sum of the look-up. */
export function running(state: CofactorState, challenges: RunningChallenges, steps: ProverSteps): RunningState {
  const { alpha, beta } = challenges;
  const { domain, evaluations, table, roots, columns } = state;
  const { v, u, n } = domain;
  const shifted = [...evaluations.r.slice(0, v), ...table.evaluations.slice(0, v)];
  const over = inverses(shifted.map((value) => mod(beta + value)));
  const z = [1n];
  for (let i = 0; i < u; i++) z.push((z[i]! * mod(alpha - roots[i]!)) % FIELD_ORDER);
  const h = [0n];
  for (let i = 0; i < v; i++) h.push(mod(h[i]! + evaluations.a[i]! * over[i]! - evaluations.m[i]! * over[v + i]!));
  const summed = steps.running(
    {
      ...state,
      evaluations: { ...evaluations, z, h },
      valueOfA: evaluate(columns.A, alpha),
      slopeOfA: evaluate(state.slope, alpha),
    },
    challenges,
  );
  const blinded = (values: readonly bigint[]) =>
    interpolated([...values, ...Array.from({ length: n - values.length }, randomScalar)]);
  return {
    ...summed,
    columns: { ...summed.columns, z: blinded(summed.evaluations.z), h: blinded(summed.evaluations.h) },
  };
}

/** The quotient: the weighted constraints over their vanishing polynomials, computed on a coset. */
export function quotientOf(
  states: readonly RunningState[],
  challenges: RunningChallenges,
  gamma: bigint,
  identities: Identities,
  steps: ProverSteps,
): Polynomial {
  const sum: Polynomial = [];
  let first = 1n;
  for (const state of states) {
    const { weights, next } = identities.weights(state.list, state.domain, gamma, first);
    first = next;
    addScaled(sum, listQuotient(state, challenges, weights));
  }
  const quotient = trimmed(sum);
  steps.checkQuotient(quotient, states);
  return quotient;
}

function listQuotient(
  state: RunningState,
  challenges: RunningChallenges,
  weights: ReadonlyMap<string, bigint>,
): Polynomial {
  const { domain, columns, table, list, valueOfA } = state;
  const step = 4;
  const n = step * domain.n;
  const on = (polynomial: Polynomial) => cosetEvaluations(polynomial, n);
  const [a, m, z, h] = [on(columns.a), on(columns.m), on(columns.z), on(columns.h)];
  const [x, r, d] = [on(columns.x), on(columns.r), on(columns.d)];
  const t = on(table.coefficients);
  const points = cosetPoints(n);
  // X^n takes only four values on the coset.
  const overAll = inverses(points.slice(0, step).map((point) => mod(power(point, domain.n) - 1n)));
  const over = {
    data: points.map((point, i) => (tailAt(domain, point) * overAll[i % step]!) % FIELD_ORDER),
    mask: inverses(points.map((point) => maskAt(domain, point))),
  };
  const edges = boundaries(list, domain, valueOfA).map((edge) => ({
    ...edge,
    weight: weights.get(edge.rule)!,
    values: { a, z, h, d }[edge.column],
    over: inverses(points.map((point) => mod(point - domain.points[edge.row]!))),
  }));
  const sums = points.map((_, i) => {
    const j = (i + step) % n;
    const row = { a: a[i]!, aNext: a[j]!, z: z[i]!, zNext: z[j]!, h: h[i]!, hNext: h[j]!, m: m[i]!, t: t[i]! };
    const byRows = { data: 0n, mask: 0n };
    for (const constraint of rowConstraints(row, challenges)) {
      const value = constraint.constant + (constraint.x ?? 0n) * x[i]! + (constraint.r ?? 0n) * r[i]!;
      byRows[constraint.over] += weights.get(constraint.rule)! * mod(value);
    }
    let sum = mod(byRows.data) * over.data[i]! + mod(byRows.mask) * over.mask[i]!;
    for (const edge of edges) sum += ((edge.weight * edge.over[i]!) % FIELD_ORDER) * mod(edge.values[i]! - edge.value);
    return mod(sum);
  });
  return cosetInterpolated(sums);
}
