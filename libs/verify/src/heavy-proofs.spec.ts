import { describe, expect, it } from '@jest/globals';
import type { SupplierRow } from '@cap/lists';
import type { VerifyingOptions } from '@cap/proof';
import { type Job, runJob } from '../../proof/src/backends/kzg-columns/jobs.js';
import { makeBundle, sourcesFor, verify } from './verification.fixture.js';

type Pool = NonNullable<VerifyingOptions['pool']>;

const suppliers: SupplierRow[] = Array.from({ length: 300 }, (_, i) => ({
  name: `Supplier ${i} GmbH`,
  jurisdiction: 'DE',
  tier: 1,
}));
const few = { id: 'few', op: 'range_max', lhs: 'supplier_count', rhs: 1_000 };
const clean = { id: 'clean', op: 'non_membership', lhs: 'suppliers', rhs: 'sanctions_root' };
const large = await makeBundle({ rules: [few, clean], scenario: { suppliers } });
const small = await makeBundle();

/** A pool that does the jobs here, and says which came. */
function poolHere(kinds: string[]): Pool {
  return {
    run: ((job: Job) => {
      kinds.push(job.kind);
      return runJob(job);
    }) as Pool['run'],
  };
}

describe('proofs that are much work', () => {
  it('leave this thread to others: a large disclosure is judged by the pool, to the same report', async () => {
    const kinds: string[] = [];
    const pool = poolHere(kinds);
    const { report } = await verify(large.zip, sourcesFor(large), { pool });
    expect(report.result).toBe('ok');
    expect(kinds).toEqual(['disclosure']);
    expect(report).toEqual((await verify(large.zip, sourcesFor(large))).report);
    await verify(small.zip, sourcesFor(small), { pool });
    expect(kinds).toHaveLength(1);
  });

  it('give others their turn before each proof', async () => {
    let turns = 0;
    const turn = setImmediate(() => turns++);
    await verify(small.zip, sourcesFor(small));
    clearImmediate(turn);
    expect(turns).toBe(1);
  });

  it('are not begun any more when nobody waits', async () => {
    const kinds: string[] = [];
    const signal = AbortSignal.abort(new Error('too late'));
    const verification = verify(large.zip, sourcesFor(large), { pool: poolHere(kinds), signal });
    await expect(verification).rejects.toThrow('too late');
    expect(kinds).toEqual([]);
  });
});
