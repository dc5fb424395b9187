import { blake3 } from '@cap/crypto';
import { checkDisclosure, type CheckedDisclosure, type DisclosureContext } from '../disclosure/verify.js';
import { verifyingCeremony, powerOf, type SharedPowers } from './ceremony.js';
import { loadCurve, type Curve, type Point } from './curve.js';
import { FIELD_ORDER, inverses, pack, SCALAR_BYTES, unpack } from './field.js';
import { combinedOverTree, derivative, Modulus, productOfRoots, productTree, type Polynomial } from './polynomial.js';
import type { ZkStatement } from './statement.js';
import { rejection, Verifier } from './verifier.js';

/** Work that any thread can do. Scalars are packed, 32 bytes big endian each. */
export type Job =
  /** sum of scalar_i * [tau^(from + i)]: the words of the point. */
  | { kind: 'commit'; powers: SharedPowers; from: number; scalars: Uint8Array }
  /** The product of (X - root). */
  | { kind: 'product'; roots: Uint8Array }
  /** 1/F mod A, where A is the product over the roots and F the product of the polynomials, times A'(X) if `slope`. */
  | { kind: 'cofactor'; roots: Uint8Array; factors: Uint8Array[]; slope: boolean }
  /** Why the proof is rejected; null if it is not. */
  | { kind: 'verify'; statement: ZkStatement; proof: Uint8Array }
  /** A disclosure's payload by itself. */
  | { kind: 'disclosure'; context: DisclosureContext; payload: Uint8Array };

export interface JobResults {
  commit: Uint32Array;
  product: Uint8Array;
  /** `common`: index of a root that F or A' has too, so that there is no inverse. */
  cofactor: { inverse: Uint8Array } | { common: number };
  verify: string | null;
  disclosure: CheckedDisclosure;
}

const points: Point[] = [];
let verifier: Promise<Verifier> | undefined;

/** Does a job on this thread. */
export async function runJob<J extends Job>(job: J): Promise<JobResults[J['kind']]>;
export async function runJob(job: Job): Promise<JobResults[keyof JobResults]> {
  if (job.kind === 'disclosure') return checkDisclosure(job.context, job.payload);
  const curve = await loadCurve();
  switch (job.kind) {
    case 'commit':
      return commit(curve, job);
    case 'product':
      return pack(productOfRoots(unpack(job.roots)));
    case 'cofactor':
      return cofactor(curve, job);
    case 'verify':
      return verify(curve, job);
  }
}

function commit(curve: Curve, { powers, from, scalars }: Extract<Job, { kind: 'commit' }>): Uint32Array {
  const count = scalars.length / SCALAR_BYTES;
  for (let i = points.length; i < from + count; i++) points.push(powerOf(curve, powers, i));
  return curve.words(curve.combinationOf(points.slice(from, from + count), scalarsOf(curve, scalars)));
}

/** What several jobs about one A(X) share. */
interface Product {
  tree: Polynomial[][];
  modulus: Modulus;
  /** A'(root). */
  slopeAtRoots: bigint[];
}

/** The last products asked about: a proof has one for each list. */
const products = new Map<string, Product>();
const MAX_PRODUCTS = 4;

function productOf(curve: Curve, packedRoots: Uint8Array): Product {
  const key = blake3(packedRoots).toString('hex');
  const known = products.get(key);
  if (known) return known;
  const tree = productTree(unpack(packedRoots));
  const A = tree.at(-1)![0]!;
  const made = { tree, modulus: new Modulus(A), slopeAtRoots: valuesAt(curve, derivative(A), packedRoots) };
  products.set(key, made);
  if (products.size > MAX_PRODUCTS) products.delete(products.keys().next().value!);
  return made;
}

/** The inverse by its values at the roots: sum of A/(X - root) / (F(root) A'(root)). */
function cofactor(curve: Curve, { roots, factors, slope }: Extract<Job, { kind: 'cofactor' }>): JobResults['cofactor'] {
  const { tree, modulus, slopeAtRoots } = productOf(curve, roots);
  const parts = factors.map((factor) => valuesAt(curve, modulus.remainder(unpack(factor)), roots));
  const weights = slopeAtRoots.map((value, i) =>
    parts.reduce((product, part) => (product * part[i]!) % FIELD_ORDER, slope ? (value * value) % FIELD_ORDER : value),
  );
  const common = weights.indexOf(0n);
  return common === -1 ? { inverse: pack(combinedOverTree(tree, inverses(weights))) } : { common };
}

/** Values of a polynomial at packed points. */
function valuesAt(curve: Curve, polynomial: Polynomial, points: Uint8Array): bigint[] {
  // The curve's evaluation wants two coefficients at least.
  const kept = curve.keep(pack([...polynomial, 0n, 0n].slice(0, Math.max(2, polynomial.length))));
  try {
    return scalarsOf(curve, points).map((point) => curve.integer(curve.evaluate(kept, point)));
  } finally {
    curve.forget(kept);
  }
}

async function verify(curve: Curve, { statement, proof }: Extract<Job, { kind: 'verify' }>): Promise<string | null> {
  const loaded = await (verifier ??= verifyingCeremony().then((ceremony) => new Verifier(curve, ceremony)));
  try {
    loaded.verify(statement, proof);
    return null;
  } catch (error) {
    return rejection(error);
  }
}

const scalarsOf = (curve: Curve, scalars: Uint8Array): ReturnType<Curve['scalar']>[] =>
  Array.from({ length: scalars.length / SCALAR_BYTES }, (_, i) =>
    curve.scalarOf(scalars.subarray(i * SCALAR_BYTES, (i + 1) * SCALAR_BYTES)),
  );
