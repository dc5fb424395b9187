import { CapError } from '@cap/core';
import { evaluateRules } from '@cap/policy';
import { rowLeaf } from '../../commitment/merkle-blake3.js';
import type { BackendProver, ProvingContext } from '../backend-prover.js';
import { assertTrue, evaluationContext, knownLists, type KnownList } from '../prover-checks.js';
import { columnLayout, type ColumnLayout } from './commitment.js';
import { JobScheduler } from './job-scheduler.js';
import { runJob } from './jobs.js';
import { kzgColumns } from './kzg-columns.js';
import { policyStatement, type PolicyStatement, type Unprovable } from './policy-statement.js';
import { WorkerPool } from './pool.js';
import { proveStatement } from './prover.js';

/** Proves the policy's rules over the columns that the project's secrets make. */
export const kzgColumnsProver: BackendProver = {
  backend: kzgColumns,

  async prove(context, lists, { threads = 0, progress } = {}) {
    const known = knownLists(context.manifest, lists);
    assertTrue(context, known);
    const asked = provableStatement(context);
    const segments = asked.statement.lists
      .map(({ name }) => name)
      .filter((name, i, names) => names.indexOf(name) === i)
      .flatMap((name) => layoutOf(known.find(({ list }) => list === name)!).segments);
    const pool = threads > 0 ? new WorkerPool(threads) : null;
    try {
      const payload = await proveStatement(asked.statement, segments, new JobScheduler(pool), {
        ...(progress && { progress }),
      });
      const rejection = await runJob({ kind: 'verify', statement: asked.statement, proof: payload });
      if (rejection !== null)
        throw new CapError(
          'proof.other-lists',
          `the rows and secrets don't match the manifest's commitments (${rejection}); run cap prepare and cap manifest build again`,
        );
      return { payload, ...kzgColumns.verifyingKey(context) };
    } finally {
      await pool?.close();
    }
  },
};

/** Throws CapError `proof.unprovable` that names every rule which this backend can't prove. */
function provableStatement(context: ProvingContext): PolicyStatement {
  const asked = policyStatement(context);
  const refuse = (why: string): never => {
    throw new CapError('proof.unprovable', why);
  };
  if (!asked) return refuse('the policy compares with a reference list that the manifest does not name');
  const { statement } = asked;
  const unprovable = [...asked.unprovable, ...undecided(asked, context)];
  if (unprovable.length > 0)
    refuse(
      unprovable.map(({ rule_id, why }) => `rule ${rule_id} can't be proven in zero knowledge: ${why}`).join('\n'),
    );
  if (statement.lists.length === 0) refuse('the policy has no rule about suppliers or UBOs');
  return asked;
}

/** Rules that are stated as far as they can be and still not decided by what is stated: a proof would be of no use to them. */
function undecided({ facts, unprovable }: PolicyStatement, context: ProvingContext): Unprovable[] {
  return evaluateRules(context.policy, facts, 'proven', evaluationContext(context))
    .filter(({ rule_id, status }) => status !== 'proven' && !unprovable.some((other) => other.rule_id === rule_id))
    .map(({ rule_id }) => ({
      rule_id,
      why: 'what the commitments can show of it does not settle it (a count with gaps)',
    }));
}

/** The columns of a list as the project's secrets make them. */
export function layoutOf({ list, rows, secrets, idScheme, columnsSeed }: KnownList): ColumnLayout {
  if (!columnsSeed)
    throw new CapError(
      'proof.other-lists',
      `${list}: the project's secrets contain no seed for kzg-columns.v1; run cap prepare again`,
    );
  const leaves = rows.map((row, i) => rowLeaf(list, row, secrets.leaves[i]!));
  return columnLayout(list, rows, leaves, idScheme, columnsSeed);
}
