import { setImmediate } from 'node:timers/promises';
import { CEREMONY_POWERS, sharedPowers } from './ceremony.js';
import { loadCurve } from './curve.js';
import { pack } from './field.js';
import { runJob, type Job, type JobResults } from './jobs.js';
import { trimmed, type Polynomial } from './polynomial.js';
import type { WorkerPool } from './pool.js';

/** Coefficients a commitment job takes: small enough to share out evenly, large enough for the bucket method. */
const PIECE = 512;

/** The heavy work of proving, shared out between this thread and a pool's, or done by this one alone. */
export class JobScheduler {
  constructor(private readonly pool: WorkerPool | null = null) {}

  /** Commitments [f(tau)]G1 to polynomials of at most 4096 coefficients, 48 bytes each. */
  async commitments(polynomials: readonly Polynomial[]): Promise<Buffer[]> {
    const [curve, powers] = await Promise.all([loadCurve(), sharedPowers()]);
    const pieces: number[] = [];
    const jobs: Extract<Job, { kind: 'commit' }>[] = [];
    polynomials.forEach((polynomial, i) => {
      const coefficients = trimmed(polynomial);
      if (coefficients.length > CEREMONY_POWERS)
        throw new RangeError(`a polynomial of ${coefficients.length} coefficients does not fit the ceremony`);
      for (let from = 0; from < coefficients.length; from += PIECE) {
        pieces.push(i);
        jobs.push({ kind: 'commit', powers, from, scalars: pack(coefficients.slice(from, from + PIECE)) });
      }
    });
    const parts = (await this.run(jobs)).map((words) => curve.pointOf(words));
    return polynomials.map((_, i) => curve.encode(curve.sum(parts.filter((_, k) => pieces[k] === i))));
  }

  /** Does the jobs, in any order; the results are in theirs. */
  async run<J extends Job>(jobs: readonly J[]): Promise<JobResults[J['kind']][]> {
    const results: JobResults[J['kind']][] = [];
    let next = 0;
    const work = async (run: (job: J) => Promise<JobResults[J['kind']]>) => {
      while (next < jobs.length) {
        const i = next++;
        results[i] = await run(jobs[i]!);
      }
    };
    const here = async (job: J) => {
      const result = await runJob(job);
      await setImmediate(); // hear what the pool has done meanwhile
      return result;
    };
    const { pool } = this;
    const others = pool ? Array.from({ length: pool.size }, () => work((job) => pool.run(job))) : [];
    await Promise.all([...others, work(here)]);
    return results;
  }
}
