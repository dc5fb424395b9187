import { verifyingCeremony, powerOf, type SharedPowers } from './ceremony.js';
import { loadCurve, type Curve, type Point } from './curve.js';
import { SCALAR_BYTES } from './field.js';
import { type ZkStatement } from './statement.js';
import { rejection, Verifier } from './verifier.js';

/** Work that any thread can do. Scalars are packed, 32 bytes big endian each. */
export type Job =
  /** sum of scalar_i * [tau^(from + i)]: the words of the point. */
  | { kind: 'commit'; powers: SharedPowers; from: number; scalars: Uint8Array }
  /** The polynomial's values at the points. */
  | { kind: 'values'; coefficients: Uint8Array; points: Uint8Array }
  /** Why the proof is rejected; null if it is not. */
  | { kind: 'verify'; statement: ZkStatement; proof: Uint8Array };

export interface JobResults {
  commit: Uint32Array;
  values: Uint8Array;
  verify: string | null;
}

const points: Point[] = [];
let verifier: Promise<Verifier> | undefined;

/** Does a job on this thread. */
export async function runJob<J extends Job>(job: J): Promise<JobResults[J['kind']]>;
export async function runJob(job: Job): Promise<JobResults[keyof JobResults]> {
  const curve = await loadCurve();
  switch (job.kind) {
    case 'commit':
      return commit(curve, job);
    case 'values':
      return values(curve, job);
    case 'verify':
      return verify(curve, job);
  }
}

function commit(curve: Curve, { powers, from, scalars }: Extract<Job, { kind: 'commit' }>): Uint32Array {
  const count = scalars.length / SCALAR_BYTES;
  for (let i = points.length; i < from + count; i++) points.push(powerOf(curve, powers, i));
  return curve.words(curve.combinationOf(points.slice(from, from + count), unpacked(curve, scalars)));
}

function values(curve: Curve, { coefficients, points }: Extract<Job, { kind: 'values' }>): Uint8Array {
  const polynomial = unpacked(curve, coefficients);
  return Buffer.concat(unpacked(curve, points).map((point) => curve.bytes(curve.evaluate(polynomial, point))));
}

async function verify(curve: Curve, { statement, proof }: Extract<Job, { kind: 'verify' }>): Promise<string | null> {
  const judge = await (verifier ??= verifyingCeremony().then((ceremony) => new Verifier(curve, ceremony)));
  try {
    judge.verify(statement, proof);
    return null;
  } catch (error) {
    return rejection(error);
  }
}

const unpacked = (curve: Curve, scalars: Uint8Array): ReturnType<Curve['scalar']>[] =>
  Array.from({ length: scalars.length / SCALAR_BYTES }, (_, i) =>
    curve.scalarOf(scalars.subarray(i * SCALAR_BYTES, (i + 1) * SCALAR_BYTES)),
  );
