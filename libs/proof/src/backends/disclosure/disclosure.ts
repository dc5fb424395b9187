import { CapError, jcs } from '@cap/core';
import { evaluateRules, type CompiledPolicy } from '@cap/policy';
import { type ListName } from '@cap/lists';
import { openRow } from '../../commitment/merkle-blake3.js';
import { statementDigest } from '../../statement/statement.js';
import { type ProofBackend, type ProofContext, type ProverList, type VerifyingOptions } from '../backend.js';
import { checkedLists, evaluationContext, assertTrue, type CheckedList } from '../prover-checks.js';
import { leastOpenings, type Openings } from './openings.js';
import { type DisclosurePayload } from './payload.js';
import { checkDisclosure, disclosureVerdict } from './verify.js';

/** Bytes of a payload up to which judging it (some milliseconds) is no more work than handing it over. */
export const WORTH_A_THREAD = 65_536;

const ZEROS = { vkHash: Buffer.alloc(32), paramsHash: Buffer.alloc(32) };

/** Proves by opening rows of the merkle-blake3.v3 commitments: as few fields of as few rows as the policy needs. */
export const disclosure = {
  name: 'disclosure',
  id: 3,
  strength: 'disclosed',
  schemes: ['merkle-blake3.v3'],
  verifyingKey: (_context: ProofContext) => ZEROS,

  async prove(context: Parameters<ProofBackend['prove']>[0], lists: readonly ProverList[]) {
    const committed = checkedLists(context.manifest, lists);
    assertTrue(context, committed);
    const payload = jcs(payloadOf(context, committed, openingsFor(context.policy, committed)));
    refuseUnshown(context, payload);
    return { payload, ...ZEROS };
  },

  async verify(context: ProofContext, payload: Uint8Array, { pool }: VerifyingOptions = {}) {
    const { manifest, manifestHash, policyHash, statement } = context;
    const checked =
      pool && payload.length > WORTH_A_THREAD
        ? await pool.run({ kind: 'disclosure', context: { manifest, manifestHash, policyHash, statement }, payload })
        : checkDisclosure(context, payload);
    return disclosureVerdict(checked, context);
  },
} satisfies ProofBackend;

/** A list that no rule is about is not shown at all. */
function openingsFor(policy: CompiledPolicy, lists: readonly CheckedList[]): Map<ListName, Openings> {
  const openings = new Map<ListName, Openings>();
  for (const { list, idScheme, rows } of lists) {
    const requirements = policy.requirements.filter((requirement) => requirement.list === list);
    if (requirements.length > 0) openings.set(list, leastOpenings(list, idScheme, rows, requirements));
  }
  return openings;
}

function payloadOf(
  context: ProofContext,
  lists: readonly CheckedList[],
  selection: ReadonlyMap<ListName, Openings>,
): DisclosurePayload {
  return {
    schema: 'cap-disclosure.v1',
    statement_digest: statementDigest('disclosure', context),
    lists: lists.flatMap(({ list, rows, secrets, leafHashes }) => {
      const openings = selection.get(list);
      if (!openings) return [];
      const opened = [...openings].sort(([a], [b]) => a - b);
      return {
        list,
        leaf_hashes: leafHashes,
        rows: opened.map(([index, fields]) => openRow(rows[index]!, secrets.leaves[index]!, index, fields)),
      };
    }),
  };
}

/** Judges the payload as a verifier will, so that no disclosure leaves the house that does not do its work. */
function refuseUnshown(context: ProofContext & { policy: CompiledPolicy }, payload: Uint8Array): void {
  const { validity, facts } = disclosureVerdict(checkDisclosure(context, payload), context);
  const results = evaluateRules(context.policy, facts, 'disclosed', evaluationContext(context));
  const unshown = results.filter(({ status }) => status !== 'disclosed').map(({ rule_id }) => `rule ${rule_id}`);
  const why = validity.ok ? '' : ` (${validity.reason})`;
  if (why !== '' || unshown.length > 0)
    throw new CapError('proof.unprovable', `${unshown.join(', ') || 'the policy'}: disclosure can't show it${why}`);
}
