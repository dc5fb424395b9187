/**
 * kzg-columns.v1: rules proven in zero knowledge over KZG commitments to a list's columns. docs/zero-knowledge.md is the
 * protocol with its argument. Reading order:
 *
 *   columns.ts, commitment.ts      a list as field elements in three columns, and the commitment to it
 *   statement.ts                   what a proof states, its digest; vk_hash; policy-statement.ts makes it of a policy
 *   identities.ts                  every rule of the protocol, once for prover and verifier
 *   transcript.ts, verifier.ts     messages and challenges; the verifier, which ends in one pairing equation
 *   prove.ts, prover.ts            the prover's half, round by round
 *   sample.ts, row-openings.ts     rows opened later for an auditor
 *   domain.ts, field.ts, polynomial.ts, curve.ts, ceremony.ts   arithmetic, mcl's curve, the powers of tau
 *   jobs.ts, pool.ts, fair-queue.ts, job-scheduler.ts, worker.ts, assets.ts   threads
 *
 * Papers: KZG commitments (Kate, Zaverucha, Goldberg, ASIACRYPT 2010); PLONK's permutation and quotient arguments (eprint
 * 2019/953); openings of many polynomials at many points, SHPLONK (Boneh, Drake, Fisch, Gabizon, eprint 2020/081); look-ups by
 * logarithmic derivatives (Haböck, eprint 2022/1530); curve and ceremony are those of EIP-4844.
 */
import type { BackendVerdict, ProofBackend } from '../backend.js';
import { fault, OK } from '../outcome.js';
import { runJob } from './jobs.js';
import { policyStatement, type PolicyStatement } from './policy-statement.js';
import { PARAMS_HASH, VK_HASH } from './statement.js';

/** Proves the policy's rules in zero knowledge over the kzg-columns.v1 commitments; see docs/zero-knowledge.md. */
export const kzgColumns: ProofBackend = {
  name: 'kzg-columns',
  id: 4,
  strength: 'proven',
  schemes: ['kzg-columns.v1'],
  verifyingKey: () => ({ vkHash: VK_HASH, paramsHash: PARAMS_HASH }),

  async verify(context, payload, { pool } = {}) {
    const asked = policyStatement(context);
    if (!asked) return null;
    return verdict(asked, payload, (job) => (pool ? pool.run(job) : runJob(job)));
  },
};

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
