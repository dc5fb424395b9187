import { type SecretColumns } from './columns.js';
import { domain, maskAt, tailAt, type Domain } from './domain.js';
import { FIELD_ORDER, inverses, mod, pack, power, randomScalar, randomScalars, unpack } from './field.js';
import {
  boundaries,
  factorsOf,
  Identities,
  OPENED,
  rowConstraints,
  type Challenges,
  type Factor,
  type ListView,
  type Opened,
} from './identities.js';
import { type Labour } from './labour.js';
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
import { firstWitness, proverClaims, secondWitness } from './shplonk.js';
import {
  checkStatement,
  EARLIER,
  statementDigest,
  valuesBetween,
  type ListStatement,
  type ZkStatement,
} from './statement.js';
import { MessageWriter, Transcript } from './transcript.js';
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

/** The columns' polynomials and values while a proof is made. */
export interface ListState {
  entry: number;
  list: ListStatement;
  domain: Domain;
  secret: SecretColumns;
  factors: Factor[];
  evaluations: Record<'x' | 'r' | 'd' | 'a' | 'm' | 'z' | 'h', bigint[]>;
  columns: ListView<Polynomial>['columns'] & { q: Polynomial[] };
  /** Zeros of A(X): identifiers of the data rows, then the masks. */
  roots: bigint[];
  /** A'(X). */
  slope: Polynomial;
  /** The chunks of the reference lists, the product of (X - value) each. */
  chunks: Polynomial[];
  table: { evaluations: bigint[]; coefficients: Polynomial };
  valueOfA: bigint;
  slopeOfA: bigint;
}

/** Makes proofs of kzg-columns.v1, round by round. Not constant time: it belongs on a machine that nobody shares. */
export class Prover {
  protected readonly identities: Identities;
  readonly #progress: (done: number, of: number) => void;

  constructor(
    protected readonly labour: Labour,
    { identities, progress }: { identities?: Identities; progress?(done: number, of: number): void } = {},
  ) {
    this.identities = identities ?? new Identities();
    this.#progress = progress ?? (() => undefined);
  }

  /**
   * `secrets` in the order of the statement's lists. Throws FalseStatement when it does not hold of them, Rejected when it has no
   * meaning.
   */
  async prove(statement: ZkStatement, secrets: readonly SecretColumns[]): Promise<Buffer> {
    this.check(statement);
    const transcript = new Transcript(statementDigest(statement));
    const messages = new MessageWriter(transcript);
    const states = statement.lists.map((list, i) => this.#state(statement, secrets, list, i));
    const steps = 8;
    let step = 0;
    const advance = () => this.#progress(++step, steps);

    for (const state of states) this.roundOne(state);
    await this.products(states);
    advance();
    await this.cofactors(states);
    advance();
    await this.#send(messages, states, ({ columns }) => [
      ['a', columns.a],
      ['m', columns.m],
      ['A', columns.A],
      ...columns.q.map((q, j): [string, Polynomial] => [`q${j}`, q]),
    ]);
    advance();
    const rho = transcript.challenge('rho');
    for (const state of states) this.roundTwo(state, states, rho);
    await this.#send(messages, states, ({ columns }) => [['p', columns.p]]);
    advance();
    const alpha = transcript.challenge('alpha');
    const beta = transcript.challenge('beta');
    for (const state of states) this.roundThree(state, { alpha, beta });
    await this.#sendRunningColumns(messages, states);
    advance();
    const gamma = transcript.challenge('gamma');
    const quotient = this.roundFour(states, { alpha, beta }, gamma);
    messages.point('q', (await this.labour.commitments([quotient]))[0]!);
    advance();
    const zeta = transcript.challenge('zeta');
    const challenges = { rho, alpha, beta, gamma, zeta };
    const views = states.map((state) => this.#view(state, challenges));
    for (const { opened } of views) for (const name of OPENED) messages.scalar(name, opened[name]);
    await this.#open(messages, views, quotient, challenges, advance);
    return messages.bytes();
  }

  protected check(statement: ZkStatement): void {
    checkStatement(statement);
  }

  #state({ lists }: ZkStatement, secrets: readonly SecretColumns[], list: ListStatement, entry: number): ListState {
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
      columns: { ...secret.polynomials, q: [] },
      table: { evaluations: table, coefficients: interpolated(table) },
    } as unknown as ListState;
  }

  /** Activity and multiplicities: nothing here depends on a challenge. */
  protected roundOne(state: ListState): void {
    this.activity(state);
    this.multiplicities(state);
    const { domain, evaluations, columns } = state;
    columns.a = interpolated(evaluations.a);
    columns.m = interpolated(evaluations.m);
    state.roots = [...evaluations.x.slice(0, domain.v), ...evaluations.m.slice(domain.v, domain.u)];
  }

  /** a: 1 on the rows that count, 0 on the others and on row v, random after it. */
  protected activity({ evaluations, domain, secret: { count }, list, entry }: ListState): void {
    if (count < list.min || count > list.max)
      throw new FalseStatement(entry, null, `${count} rows are not ${list.min} to ${list.max}`);
    evaluations.a = Array.from({ length: domain.n }, (_, i) => (i < count ? 1n : i <= domain.v ? 0n : randomScalar()));
  }

  /** m: how often each code of the table occurs; random from row v on, where the first rows are the masks of A(X). */
  protected multiplicities(state: ListState): void {
    const { evaluations, domain, list } = state;
    const rowOfCode = new Map(list.table.codes.map((code, i) => [BigInt(code), i]));
    evaluations.m = Array.from({ length: domain.n }, (_, i) => (i < domain.v ? 0n : randomScalar()));
    for (let i = 0; i < domain.v; i++) {
      if (evaluations.a[i] === 0n) continue;
      const row = rowOfCode.get(evaluations.r[i]!);
      if (row === undefined) this.codeNotAllowed(state, i);
      else evaluations.m[row] = mod(evaluations.m[row]! + evaluations.a[i]!);
    }
  }

  protected codeNotAllowed({ entry }: ListState, row: number): void {
    throw new FalseStatement(entry, row, 'the code is not in the table');
  }

  /** A(X), the product of (X - root), and its derivative; the chunks of the reference lists, each once. */
  protected async products(states: readonly ListState[]): Promise<void> {
    const chunks = states.flatMap(({ list }) => chunksOf(list));
    const keys = chunks.map(([{ valuesHash }, from]) => `${Buffer.from(valuesHash).toString('hex')} ${from}`);
    const different = [...new Map(keys.map((key, i) => [key, chunks[i]!]))];
    const roots = [
      ...states.map((state) => pack(this.rootsOfA(state))),
      ...different.map(([, chunk]) => valuesBetween(...chunk)),
    ];
    const products = (await this.labour.run(roots.map((roots) => ({ kind: 'product' as const, roots })))).map(unpack);
    const chunkProducts = new Map(different.map(([key], i) => [key, products[states.length + i]!]));
    let next = 0;
    states.forEach((state, i) => {
      state.columns.A = products[i]!;
      state.slope = derivative(products[i]!);
      state.chunks = chunksOf(state.list).map(() => chunkProducts.get(keys[next++]!)!);
    });
  }

  protected rootsOfA({ roots }: ListState): readonly bigint[] {
    return roots;
  }

  /** q_j = 1/F_j mod A + (random of degree 4) * A, for every factor of every list. */
  protected async cofactors(states: readonly ListState[]): Promise<void> {
    const jobs = states.flatMap((state) => {
      const roots = pack(this.rootsOfA(state));
      return state.factors.map(({ chunk, slope, earlier }) => ({
        kind: 'cofactor' as const,
        roots,
        factors: [...(chunk === null ? [] : [state.chunks[chunk]!]), ...earlier.map((k) => states[k]!.columns.A)].map(
          pack,
        ),
        slope,
      }));
    });
    const results = await this.labour.run(jobs);
    let next = 0;
    for (const state of states)
      state.columns.q = state.factors.map((_, j) => {
        const result = results[next++]!;
        if ('common' in result) return this.common(state, j, result.common);
        return addScaled(multiply(randomScalars(COFACTOR_MASK), state.columns.A), unpack(result.inverse));
      });
  }

  /** A root of A that F_j or A' has too. */
  protected common({ entry, factors, roots }: ListState, factor: number, row: number): Polynomial {
    const why =
      roots.indexOf(roots[row]!) !== roots.lastIndexOf(roots[row]!)
        ? 'another row has the same identifier'
        : factors[factor]!.earlier.length > 0
          ? 'is in an earlier segment too'
          : 'is on a reference list';
    throw new FalseStatement(entry, row, why);
  }

  /**
   * p = (sum of rho^j (1 - q_j F_j)) / A: one polynomial for all the identities p_j A + q_j F_j = 1, since A is common to them
   * and rho comes after A and every q_j.
   */
  protected roundTwo(state: ListState, states: readonly ListState[], rho: bigint): void {
    const { factors, columns, chunks } = state;
    const n = COFACTOR_DOMAIN;
    const slope = cosetEvaluations(this.slopeOf(state), n);
    const weights = this.identities.factorWeights(factors, rho);
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
    columns.p = trimmed(cosetInterpolated(sum.map((value, i) => (value * overA[i]!) % FIELD_ORDER)));
  }

  protected slopeOf({ slope }: ListState): Polynomial {
    return slope;
  }

  /** z, the running product of (alpha - root); h, the running sum of the look-up. */
  protected roundThree(state: ListState, { alpha, beta }: Pick<Challenges, 'alpha' | 'beta'>): void {
    const { domain, evaluations, table, roots, columns } = state;
    const { v, u, n } = domain;
    const shifted = [...evaluations.r.slice(0, v), ...table.evaluations.slice(0, v)];
    const over = inverses(shifted.map((value) => mod(beta + value)));
    const z = [1n];
    for (let i = 0; i < u; i++) z.push((z[i]! * mod(alpha - roots[i]!)) % FIELD_ORDER);
    const h = [0n];
    for (let i = 0; i < v; i++) h.push(mod(h[i]! + evaluations.a[i]! * over[i]! - evaluations.m[i]! * over[v + i]!));
    state.valueOfA = evaluate(columns.A, alpha);
    state.slopeOfA = evaluate(state.slope, alpha);
    evaluations.z = z;
    evaluations.h = h;
    this.runningColumns(state, { alpha, beta });
    for (const name of ['z', 'h'] as const) {
      while (evaluations[name].length < n) evaluations[name].push(randomScalar());
      columns[name] = interpolated(evaluations[name]);
    }
  }

  /** A forger's chance to change the running columns before they are blinded. */
  protected runningColumns(_state: ListState, _challenges: Pick<Challenges, 'alpha' | 'beta'>): void {}

  /** The quotient: the weighted constraints over their vanishing polynomials, computed on a coset. */
  protected roundFour(
    states: readonly ListState[],
    challenges: Pick<Challenges, 'alpha' | 'beta'>,
    gamma: bigint,
  ): Polynomial {
    const quotient: Polynomial = [];
    let first = 1n;
    for (const state of states) {
      const { weights, next } = this.identities.weights(state.list, state.domain, gamma, first);
      first = next;
      addScaled(quotient, this.#quotientOf(state, challenges, weights));
    }
    const trimmedQuotient = trimmed(quotient);
    this.checkQuotient(trimmedQuotient, states);
    return trimmedQuotient;
  }

  /** A constraint that does not hold leaves a quotient of full length. */
  protected checkQuotient(quotient: Polynomial, states: readonly ListState[]): void {
    const most = Math.max(...states.map(({ domain }) => 3 * (domain.n - 1) - domain.v + 1));
    if (quotient.length > most) throw new FalseStatement(0, null, 'a constraint does not hold');
  }

  #quotientOf(
    state: ListState,
    challenges: Pick<Challenges, 'alpha' | 'beta'>,
    weights: ReadonlyMap<string, bigint>,
  ): Polynomial {
    const { domain, columns, table, list, valueOfA } = state;
    const step = 4;
    const n = step * domain.n;
    const on = (polynomial: Polynomial) => cosetEvaluations(polynomial, n);
    const [a, m, z, h, x, r, d] = (['a', 'm', 'z', 'h', 'x', 'r', 'd'] as const).map((name) => on(columns[name])) as [
      bigint[],
      bigint[],
      bigint[],
      bigint[],
      bigint[],
      bigint[],
      bigint[],
    ];
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
      for (const edge of edges)
        sum += ((edge.weight * edge.over[i]!) % FIELD_ORDER) * mod(edge.values[i]! - edge.value);
      return mod(sum);
    });
    return cosetInterpolated(sums);
  }

  #view(state: ListState, { alpha, zeta }: Challenges): ListView<Polynomial> {
    const { columns, domain, table, chunks } = state;
    const next = (zeta * domain.w) % FIELD_ORDER;
    const opened: Opened = {
      a: evaluate(columns.a, zeta),
      aNext: evaluate(columns.a, next),
      z: evaluate(columns.z, zeta),
      zNext: evaluate(columns.z, next),
      h: evaluate(columns.h, zeta),
      hNext: evaluate(columns.h, next),
      m: evaluate(columns.m, zeta),
    };
    return {
      ...state,
      opened,
      chunksAtAlpha: chunks.map((chunk) => evaluate(chunk, alpha)),
      tableAtZeta: evaluate(table.coefficients, zeta),
    };
  }

  async #open(
    messages: MessageWriter,
    views: readonly ListView<Polynomial>[],
    quotient: Polynomial,
    challenges: Challenges,
    advance: () => void,
  ): Promise<void> {
    const { transcript } = messages;
    const claims = proverClaims(this.identities.claims(views, quotient, challenges));
    const nu = transcript.challenge('nu');
    const witness = firstWitness(claims, nu);
    messages.point('W', (await this.labour.commitments([witness]))[0]!);
    advance();
    const y = transcript.challenge('y');
    const second = secondWitness(claims, witness, nu, y);
    messages.point("W'", (await this.labour.commitments([second]))[0]!);
    advance();
  }

  async #send(
    messages: MessageWriter,
    states: readonly ListState[],
    of: (state: ListState) => [string, Polynomial][],
  ): Promise<void> {
    const named = states.flatMap(of);
    const points = await this.labour.commitments(named.map(([, polynomial]) => polynomial));
    named.forEach(([label], i) => messages.point(label, points[i]!));
  }

  async #sendRunningColumns(messages: MessageWriter, states: readonly ListState[]): Promise<void> {
    const points = await this.labour.commitments(states.flatMap(({ columns }) => [columns.z, columns.h]));
    states.forEach(({ valueOfA, slopeOfA }, i) => {
      messages.point('z', points[2 * i]!);
      messages.point('h', points[2 * i + 1]!);
      messages.scalar('A(alpha)', valueOfA);
      messages.scalar("A'(alpha)", slopeOfA);
    });
  }
}
