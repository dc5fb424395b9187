import { CapError, jcs } from '@cap/core';
import type { ListName } from '@cap/lists';
import { evaluateRules, type CompiledPolicy } from '@cap/policy';
import { openRow } from '../../commitment/merkle-blake3.js';
import { statementDigest } from '../../statement/statement.js';
import type { ProofContext } from '../backend.js';
import type { BackendProver, ProvingContext } from '../backend-prover.js';
import { assertTrue, checkedLists, evaluationContext, type CheckedList } from '../prover-checks.js';
import { disclosure, disclosureVerdict } from './disclosure.js';
import { leastOpenings, type Openings } from './openings.js';
import type { DisclosurePayload } from './payload.js';
import { checkDisclosure } from './verify.js';

/** Opens as few fields of as few rows as the policy needs. */
export const disclosureProver: BackendProver = {
  backend: disclosure,

  async prove(context, lists) {
    const committed = checkedLists(context.manifest, lists);
    assertTrue(context, committed);
    const payload = jcs(payloadOf(context, committed, openingsFor(context.policy, committed)));
    assertShown(context, payload);
    return { payload, ...disclosure.verifyingKey(context) };
  },
};

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

/** Verifies the payload as a verifier will, so that no useless disclosure leaves the company. */
function assertShown(context: ProvingContext, payload: Uint8Array): void {
  const { validity, facts } = disclosureVerdict(checkDisclosure(context, payload), context);
  const results = evaluateRules(context.policy, facts, 'disclosed', evaluationContext(context));
  const unshown = results.filter(({ status }) => status !== 'disclosed').map(({ rule_id }) => `rule ${rule_id}`);
  const why = validity.ok ? '' : ` (${validity.reason})`;
  if (why !== '' || unshown.length > 0)
    throw new CapError(
      'proof.unprovable',
      `${unshown.join(', ') || 'the policy'}: the disclosure backend can't prove this rule${why}`,
    );
}
