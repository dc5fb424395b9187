import { CapError } from '@cap/core';
import { evaluateRules, type CompiledPolicy } from '@cap/policy';
import { rowLeaf } from '../../commitment/merkle-blake3.js';
import { type BackendVerdict, type ProofBackend, type ProofContext } from '../backend.js';
import { fault, OK } from '../payload.js';
import { evaluationContext, knownLists, assertTrue, type KnownList } from '../prover-checks.js';
import { columnLayout, type ColumnLayout } from './commitment.js';
import { runJob } from './jobs.js';
import { Labour } from './labour.js';
import { policyStatement, type PolicyStatement, type Unprovable } from './policy-statement.js';
import { WorkerPool } from './pool.js';
import { Prover } from './prover.js';
import { PARAMS_HASH, VK_HASH } from './statement.js';

/** Proves the policy's rules in zero knowledge over the kzg-columns.v1 commitments; see docs/zero-knowledge.md. */
export const kzgColumns: ProofBackend = {
  name: 'kzg-columns',
  id: 4,
  strength: 'proven',
  schemes: ['kzg-columns.v1'],
  verifyingKey: () => ({ vkHash: VK_HASH, paramsHash: PARAMS_HASH }),

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
      const payload = await new Prover(new Labour(pool), { ...(progress && { progress }) }).prove(
        asked.statement,
        segments,
      );
      const rejection = await runJob({ kind: 'verify', statement: asked.statement, proof: payload });
      if (rejection !== null)
        throw new CapError(
          'proof.other-lists',
          `the rows and secrets are not those that the manifest commits to (${rejection}); prepare the lists and build the manifest anew`,
        );
      return { payload, vkHash: VK_HASH, paramsHash: PARAMS_HASH };
    } finally {
      await pool?.close();
    }
  },

  async verify(context, payload, { pool } = {}) {
    const asked = policyStatement(context);
    if (!asked) return null;
    return verdict(asked, payload, (job) => (pool ? pool.run(job) : runJob(job)));
  },
};

/** Throws CapError `proof.unprovable` that names every rule which this backend can't prove. */
function provableStatement(context: ProofContext & { policy: CompiledPolicy }): PolicyStatement {
  const asked = policyStatement(context);
  const refuse = (why: string): never => {
    throw new CapError('proof.unprovable', why);
  };
  if (!asked) return refuse('the policy compares with a reference list that the manifest does not name');
  const { statement } = asked;
  const unprovable = [...asked.unprovable, ...unsettled(asked, context)];
  if (unprovable.length > 0)
    refuse(
      unprovable.map(({ rule_id, why }) => `rule ${rule_id} can't be proven in zero knowledge: ${why}`).join('\n'),
    );
  if (statement.lists.length === 0) refuse('the policy has no rule about suppliers or UBOs');
  return asked;
}

/** Rules that are stated as far as they can be and still not settled by what is stated: a proof would be of no use to them. */
function unsettled(
  { facts, unprovable }: PolicyStatement,
  context: ProofContext & { policy: CompiledPolicy },
): Unprovable[] {
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
      `${list}: the project's secrets hold no seed of the kzg-columns.v1 commitment; prepare the lists anew`,
    );
  const leaves = rows.map((row, i) => rowLeaf(list, row, secrets.leaves[i]!));
  return columnLayout(list, rows, leaves, idScheme, columnsSeed);
}

async function verdict(
  { statement, facts }: PolicyStatement,
  proof: Uint8Array,
  run: (job: { kind: 'verify'; statement: PolicyStatement['statement']; proof: Uint8Array }) => Promise<string | null>,
): Promise<BackendVerdict> {
  const rejection =
    statement.lists.length === 0
      ? 'the policy asks nothing of the committed columns'
      : await run({ kind: 'verify', statement, proof });
  if (rejection === null) return { binding: OK, validity: OK, facts };
  // The statement enters every challenge: whether the proof or the statement is another one can't be told apart.
  const words = ['a proof of this statement', 'rejected'] as const;
  return {
    binding: fault('wrong, or bound to another manifest, policy, list or statement', ...words),
    validity: fault(rejection, ...words),
    facts: [],
  };
}
