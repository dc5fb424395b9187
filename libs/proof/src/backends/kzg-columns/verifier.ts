import type { VerifyingCeremony } from './ceremony.js';
import type { Curve, LoadedValues, Point } from './curve.js';
import { domain, type Domain } from './domain.js';
import { pack, SCALAR_BYTES } from './field.js';
import {
  factorsOf,
  Identities,
  OPENED,
  type Challenges,
  type Factor,
  type ListView,
  type Opened,
} from './identities.js';
import { interpolated } from './polynomial.js';
import { openingEquation, type Combination } from './shplonk.js';
import {
  checkStatement,
  CHUNK,
  EARLIER,
  statementDigest,
  valueCount,
  type CodeTable,
  type ColumnCommitments,
  type ListStatement,
  type ReferenceValues,
  type ZkStatement,
} from './statement.js';
import { MessageReader, POINT_BYTES, Rejected, Transcript } from './transcript.js';

const MAX_TABLES = 64;
const MAX_LISTS = 16;

/** Cache of prepared parts of statements in the curve's memory, by hash: tables as polynomials, reference lists. */
export class PreparedCache {
  readonly #tables = new Map<string, LoadedValues>();
  readonly #values = new Map<string, LoadedValues>();

  constructor(private readonly curve: Curve) {}

  tableCoefficients({ codes, hash }: CodeTable, n: number): LoadedValues {
    return this.#recent(this.#tables, `${hexOf(hash)} ${n}`, MAX_TABLES, () =>
      pack(interpolated(paddedTable(codes, n))),
    );
  }

  values({ values, valuesHash }: ReferenceValues): LoadedValues {
    return this.#recent(this.#values, hexOf(valuesHash), MAX_LISTS, () => values);
  }

  /** The values under the key, made if absent; beyond `most` the least recently used ones are freed. */
  #recent(known: Map<string, LoadedValues>, key: string, most: number, make: () => Uint8Array): LoadedValues {
    const kept = known.get(key) ?? this.curve.keep(make());
    known.delete(key);
    known.set(key, kept);
    if (known.size > most) {
      const [oldest, last] = known.entries().next().value!;
      known.delete(oldest);
      this.curve.forget(last);
    }
    return kept;
  }
}

const hexOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

/** The table on all rows: its codes, then its last one again and again. */
export const paddedTable = (codes: readonly number[], n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => BigInt(codes[Math.min(i, codes.length - 1)]!));

/** Chunks of the reference lists, one list after another: [list, from, to). */
export const chunksOf = ({ references }: ListStatement): [ReferenceValues, number, number][] =>
  references.flatMap((reference) => {
    const count = valueCount(reference);
    return Array.from({ length: Math.ceil(count / CHUNK) }, (_, i): [ReferenceValues, number, number] => [
      reference,
      i * CHUNK,
      Math.min((i + 1) * CHUNK, count),
    ]);
  });

/** Bytes of every proof of the statement. */
export function proofLength({ lists }: ZkStatement): number {
  const factors = lists.map((list, i) => factorsOf(lists, i, chunksOf(list).length, EARLIER).length);
  // a, m, A, p, z, h and each q; two values at alpha and seven at zeta; q, W, W'.
  const perList = factors.map((count) => (6 + count) * POINT_BYTES + (2 + OPENED.length) * SCALAR_BYTES);
  return perList.reduce((sum, bytes) => sum + bytes, 3 * POINT_BYTES);
}

/** A list's entry once the first messages are read. */
interface CommittedEntry {
  list: ListStatement;
  domain: Domain;
  factors: Factor[];
  points: Record<'x' | 'r' | 'd' | 'a' | 'm' | 'A', Point> & { q: Point[] };
}
/** Once p is read, which answers rho. */
interface CombinedEntry extends CommittedEntry {
  points: CommittedEntry['points'] & { p: Point };
}
/** Once the running columns are read, which answer alpha and beta. */
interface RunningEntry extends CombinedEntry {
  points: CombinedEntry['points'] & Record<'z' | 'h', Point>;
  valueOfA: bigint;
  slopeOfA: bigint;
}
/** Once the values at zeta are read. */
interface OpenedEntry extends RunningEntry {
  opened: Opened;
}

/** Both sides of the equation that a proof comes down to: e(left, G2) = e(right, tau G2). */
interface PairingEquation {
  left: Point;
  right: Point;
}

/** Verifies proofs of kzg-columns.v1, strictly: one spelling of each, nothing optional. */
export class Verifier {
  constructor(
    private readonly curve: Curve,
    private readonly ceremony: VerifyingCeremony,
    private readonly prepared = new PreparedCache(curve),
    private readonly identities = new Identities(),
  ) {}

  /** Throws Rejected unless the proof holds for the statement. */
  verify(statement: ZkStatement, proof: Uint8Array): void {
    const { left, right } = this.equation(statement, proof);
    if (!this.holds({ left, right })) throw new Rejected('the pairing equation does not hold');
  }

  holds({ left, right }: PairingEquation): boolean {
    return this.curve.pairingsAgree(left, this.ceremony.g2, right, this.ceremony.tauG2);
  }

  /** Everything but the pairings. */
  equation(statement: ZkStatement, proof: Uint8Array): PairingEquation {
    checkStatement(statement);
    const expected = proofLength(statement);
    if (proof.length !== expected) throw new Rejected(`${proof.length} bytes, expected ${expected}`);
    const transcript = new Transcript(statementDigest(statement));
    const messages = new MessageReader(transcript, proof);
    const committed = this.#readColumns(statement, messages);
    const rho = transcript.challenge('rho');
    const combined = committed.map((entry) => ({
      ...entry,
      points: { ...entry.points, p: this.#point(messages, 'p') },
    }));
    const alpha = transcript.challenge('alpha');
    const beta = transcript.challenge('beta');
    const running = combined.map((entry) => this.#readRunningColumns(entry, messages));
    const gamma = transcript.challenge('gamma');
    const quotient = this.#point(messages, 'q');
    const zeta = transcript.challenge('zeta');
    const opened = running.map((entry) => ({ ...entry, opened: readOpened(messages) }));
    const nu = transcript.challenge('nu');
    const first = this.#point(messages, 'W');
    const y = transcript.challenge('y');
    const second = this.#point(messages, "W'");
    messages.end();

    const challenges = { rho, alpha, beta, gamma, zeta };
    const claims = this.identities.claims(this.#views(opened, challenges), quotient, challenges);
    return this.reduce(openingEquation(claims, { first, second }, nu, y), second);
  }

  reduce({ terms, ofGenerator }: Combination<Point>, right: Point): PairingEquation {
    const left = this.curve.combination(
      [...terms.map(([, point]) => point), this.ceremony.generator],
      [...terms.map(([scalar]) => scalar), ofGenerator],
    );
    return { left, right };
  }

  #point(messages: MessageReader, label: string): Point {
    return this.curve.decode(label, messages.point(label));
  }

  #readColumns({ lists }: ZkStatement, messages: MessageReader): CommittedEntry[] {
    return lists.map((list, i) => {
      const factors = factorsOf(lists, i, chunksOf(list).length, EARLIER);
      const committed = (column: keyof ColumnCommitments) =>
        this.curve.decode(`${list.name}: commitment ${column}`, list.commitments[column]);
      const [x, r, d] = [committed('x'), committed('r'), committed('d')];
      const read = (label: string) => this.#point(messages, label);
      const points = { x, r, d, a: read('a'), m: read('m'), A: read('A'), q: factors.map((_, j) => read(`q${j}`)) };
      return { list, domain: domain(list.n), factors, points };
    });
  }

  #readRunningColumns(entry: CombinedEntry, messages: MessageReader): RunningEntry {
    const points = { ...entry.points, z: this.#point(messages, 'z'), h: this.#point(messages, 'h') };
    return { ...entry, points, valueOfA: messages.scalar('A(alpha)'), slopeOfA: messages.scalar("A'(alpha)") };
  }

  #views(entries: readonly OpenedEntry[], { alpha, zeta }: Challenges): ListView<Point>[] {
    const { curve, prepared } = this;
    const [atAlpha, atZeta] = [curve.scalar(alpha), curve.scalar(zeta)];
    const known = new Map<string, bigint>();
    const chunkAtAlpha = ([reference, from, to]: [ReferenceValues, number, number]): bigint => {
      const key = `${hexOf(reference.valuesHash)} ${from}`;
      const value =
        known.get(key) ?? curve.integer(curve.productOfDifferences(prepared.values(reference), from, to, atAlpha));
      known.set(key, value);
      return value;
    };
    return entries.map(({ points, ...entry }) => ({
      ...entry,
      columns: points,
      chunksAtAlpha: chunksOf(entry.list).map(chunkAtAlpha),
      tableAtZeta: curve.integer(curve.evaluate(prepared.tableCoefficients(entry.list.table, entry.list.n), atZeta)),
    }));
  }
}

/** The values at zeta and zeta * w. */
function readOpened(messages: MessageReader): Opened {
  return Object.fromEntries(OPENED.map((name) => [name, messages.scalar(name)])) as Opened; // every name of OPENED
}

/** In words, for any error that the bytes of a proof can cause. */
export function rejection(error: unknown): string {
  if (error instanceof Rejected) return error.message;
  // A challenge that hits a point of the domain: one proof in 2^245.
  if (error instanceof RangeError) return 'a challenge falls on the domain';
  throw error;
}
