/** The zero-knowledge backend by itself, without any service: what verifying a proof costs, and a lower bound for it. */
import { availableParallelism } from 'node:os';
import { verifyingCeremony } from '../libs/proof/dist/backends/kzg-columns/ceremony.js';
import { loadCurve } from '../libs/proof/dist/backends/kzg-columns/curve.js';
import { runJob } from '../libs/proof/dist/backends/kzg-columns/jobs.js';
import { policyStatement } from '../libs/proof/dist/backends/kzg-columns/policy-statement.js';
import { decodeContainer, WorkerPool } from '../libs/proof/dist/index.js';

/** The job of verifying the proof that a project holds. */
export async function verifyingJob(project, statement) {
  const { statement: asked } = policyStatement(await project.proofContext(statement));
  const { payload } = decodeContainer((await project.proof()).bytes);
  return { kind: 'verify', statement: asked, proof: payload };
}

/** CPU microseconds of `work`, all threads, the mean of `rounds`. */
export async function cpuOf(rounds, work) {
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

async function verifyHere(job) {
  const rejected = await runJob(job);
  if (rejected !== null) throw new Error(`the proof was rejected: ${rejected}`);
}

/** CPU microseconds of one verification on this thread. */
export async function bareVerify(job, rounds) {
  await verifyHere(job);
  return cpuOf(rounds, () => verifyHere(job));
}

/** Verifications a second on bare workers, one for each core unless told. */
export async function bareRate(job, rounds, threads = availableParallelism()) {
  const pool = new WorkerPool(threads);
  try {
    const all = (count) => Promise.all(Array.from({ length: count }, () => pool.run(job)));
    await all(4 * threads); // both threads have started and are warm
    const started = performance.now();
    await all(rounds);
    return rounds / ((performance.now() - started) / 1000);
  } finally {
    await pool.close();
  }
}

/**
 * CPU microseconds of what no verifier of such a proof can do without: decoding its points (each with the check of its
 * subgroup), one linear combination of them and the generator, and one product of two pairings.
 */
export async function verifyingFloor(points, rounds) {
  const [curve, { generator, g2, tauG2 }] = await Promise.all([loadCurve(), verifyingCeremony()]);
  const scalar = (i) => (2n ** 250n - 1n) / BigInt(i + 3);
  const encoded = Array.from({ length: points }, (_, i) => curve.encode(curve.combination([generator], [scalar(i)])));
  const scalars = [...encoded.map((_, i) => scalar(i + points)), 5n];
  const once = () => {
    const decoded = encoded.map((bytes, i) => curve.decode(`point ${i}`, bytes));
    const sum = curve.combination([...decoded, generator], scalars);
    curve.pairingsAgree(sum, g2, decoded[0], tauG2);
  };
  once();
  return cpuOf(rounds, once);
}
