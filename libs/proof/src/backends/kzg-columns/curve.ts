import type * as mclWasm from 'mcl-wasm';
import type { Fr, G1, G2, PrecomputedG2 } from 'mcl-wasm';
import { integerOf, SCALAR_BYTES, scalarBytes } from './field.js';
import { POINT_BYTES, Rejected } from './transcript.js';

type Mcl = (typeof mclWasm)['default'];
/** A point of the prime-order subgroup of G1. */
export type Point = G1;
export type { PrecomputedG2 };

/** Words of a point as mcl keeps it: three coordinates of the base field. */
export const POINT_WORDS = 36;

/** What mcl-wasm's module does with scalars that stay in its memory: its wrappers would copy them in for each call. */
interface RawScalarArithmetic {
  _malloc(bytes: number): number;
  _free(start: number): void;
  _mclBnFr_mul(product: number, a: number, b: number): void;
  _mclBnFr_sub(difference: number, a: number, b: number): void;
  _mclBn_FrEvaluatePolynomial(value: number, coefficients: number, count: number, x: number): number;
}

let loading: Promise<Curve> | undefined;

/** BLS12-381 on mcl-wasm; compiled once a thread, on first use. */
export const loadCurve = (): Promise<Curve> => (loading ??= Curve.load());

export class Curve {
  private constructor(
    private readonly mcl: Mcl,
    private readonly raw: RawScalarArithmetic,
  ) {}

  static async load(): Promise<Curve> {
    const { default: mcl } = await import('mcl-wasm');
    await mcl.init(mcl.BLS12_381);
    mcl.setETHserialization(true); // 48 bytes compressed, big endian, flag bits checked
    mcl.verifyOrderG1(true); // decoding refuses what is not in the prime-order subgroup
    mcl.verifyOrderG2(true);
    return new Curve(mcl, (mcl as Mcl & { mod: RawScalarArithmetic }).mod); // its types leave this out
  }

  /**
   * Decodes a point that somebody else made. Throws Rejected unless it is the canonical encoding of a point on the curve,
   * in the subgroup and not at infinity. The pairing does not see parts of small order: only this check does.
   */
  decode(label: string, bytes: Uint8Array): Point {
    const point = new this.mcl.G1();
    if (bytes.length !== POINT_BYTES) throw new Rejected(`${label}: a point has ${POINT_BYTES} bytes`);
    try {
      point.deserialize(bytes);
    } catch {
      throw new Rejected(`${label} is not a point of the subgroup`);
    }
    if (point.isZero()) throw new Rejected(`${label} is the point at infinity`);
    if (!this.encode(point).equals(bytes)) throw new Rejected(`${label} is not canonically encoded`);
    return point;
  }

  /** Decodes points of a file that is pinned by its hash: without the subgroup check, which takes most of the time. */
  decodePinned(encoded: readonly Uint8Array[]): Point[] {
    this.mcl.verifyOrderG1(false);
    try {
      return encoded.map((bytes) => {
        const point = new this.mcl.G1();
        point.deserialize(bytes);
        return point;
      });
    } finally {
      this.mcl.verifyOrderG1(true);
    }
  }

  decodeG2(bytes: Uint8Array): G2 {
    const point = new this.mcl.G2();
    point.deserialize(bytes);
    return point;
  }

  precomputed = (point: G2): PrecomputedG2 => new this.mcl.PrecomputedG2(point);

  encode(point: Point): Buffer {
    return Buffer.from(point.serialize());
  }

  /** sum of scalar_i * point_i (canonical scalars). */
  combination(points: readonly Point[], scalars: readonly bigint[]): Point {
    return this.combinationOf(
      points,
      scalars.map((scalar) => this.scalar(scalar)),
    );
  }

  combinationOf(points: readonly Point[], scalars: readonly Fr[]): Point {
    return points.length === 0 ? new this.mcl.G1() : this.mcl.mulVec(points as Point[], scalars as Fr[]);
  }

  sum(points: readonly Point[]): Point {
    return points.reduce((sum, point) => this.mcl.add(sum, point), new this.mcl.G1());
  }

  scalar(value: bigint): Fr {
    return this.scalarOf(scalarBytes(value));
  }

  scalarOf(bytes: Uint8Array): Fr {
    const scalar = new this.mcl.Fr();
    scalar.setBigEndianMod(bytes);
    return scalar;
  }

  /** 32 bytes, big endian. */
  bytes = (scalar: Fr): Uint8Array => scalar.serialize();

  integer = (scalar: Fr): bigint => integerOf(this.bytes(scalar));

  /** e(left, leftG2) = e(right, rightG2)? */
  pairingsAgree(left: Point, leftG2: PrecomputedG2, right: Point, rightG2: PrecomputedG2): boolean {
    const { finalExp, precomputedMillerLoop2, neg } = this.mcl;
    return finalExp(precomputedMillerLoop2(left, leftG2, neg(right), rightG2)).isOne();
  }

  /** The point's words, to hand it to another thread. */
  words = (point: Point): Uint32Array => (point as Point & { a_: Uint32Array }).a_;

  pointOf(words: Uint32Array): Point {
    const point = new this.mcl.G1();
    this.words(point).set(words);
    return point;
  }

  /** Puts values (32 bytes big endian each) where evaluate and productOfDifferences can work on them, until they are freed. */
  keep(values: Uint8Array): LoadedValues {
    const count = values.length / SCALAR_BYTES;
    const start = this.raw._malloc(Math.max(values.length, SCALAR_BYTES));
    if (start === 0) throw new Error('no memory left in the module of the curve');
    for (let i = 0; i < count; i++)
      this.scalarOf(values.subarray(i * SCALAR_BYTES, (i + 1) * SCALAR_BYTES)).copyToMem(start + i * SCALAR_BYTES);
    return { start, count };
  }

  forget({ start }: LoadedValues): void {
    this.raw._free(start);
  }

  #scratch: number | undefined;

  /** The value at x of the polynomial with the kept coefficients, at least two; x not 0. */
  evaluate({ start, count }: LoadedValues, x: Fr): Fr {
    const { raw } = this;
    const at = (this.#scratch ??= raw._malloc(3 * SCALAR_BYTES));
    const value = at + SCALAR_BYTES;
    x.copyToMem(at);
    if (raw._mclBn_FrEvaluatePolynomial(value, start, count, at) !== 0)
      throw new RangeError(`no polynomial of ${count} coefficients, or at 0`);
    const result = new this.mcl.Fr();
    result.copyFromMem(value);
    return result;
  }

  /** Product of (x - value) over the loaded values from <= i < to. */
  productOfDifferences({ start }: LoadedValues, from: number, to: number, x: Fr): Fr {
    const { raw } = this;
    const at = (this.#scratch ??= raw._malloc(3 * SCALAR_BYTES));
    const [product, difference] = [at + SCALAR_BYTES, at + 2 * SCALAR_BYTES];
    x.copyToMem(at);
    const one = new this.mcl.Fr();
    one.setInt(1);
    one.copyToMem(product);
    for (let i = from; i < to; i++) {
      raw._mclBnFr_sub(difference, at, start + i * SCALAR_BYTES);
      raw._mclBnFr_mul(product, product, difference);
    }
    const result = new this.mcl.Fr();
    result.copyFromMem(product);
    return result;
  }
}

/** Scalars in the memory of the curve's module. */
export interface LoadedValues {
  start: number;
  count: number;
}
