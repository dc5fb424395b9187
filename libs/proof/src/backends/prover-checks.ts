import { CapError, type JsonObject } from '@cap/core';
import { digestText, type Digest } from '@cap/crypto';
import {
  assertCoverage,
  evaluateRules,
  listCoverage,
  type CompiledPolicy,
  type EvaluationContext,
  type Requirement,
  type RuleResult,
} from '@cap/policy';
import type { IdScheme, ListName } from '@cap/lists';
import { commitmentRoot } from '../commitment/merkle.js';
import { fieldNames, rowLeaf } from '../commitment/merkle-blake3.js';
import { merkleCommitment, type Manifest, type MerkleCommitment } from '../manifest/manifest.js';
import type { ProofContext } from './backend.js';
import type { ProverList } from './backend-prover.js';
import { firstViolations, violations, type FalseRule } from './violations.js';
import { evaluationContextOf, factsOf, offendingRows, type OpenedList } from './opened-rows.js';

/** A prover's list with the identifier scheme of its commitment. */
export interface KnownList extends ProverList {
  idScheme: IdScheme;
}

/** A prover's list that is really the one the manifest commits to under merkle-blake3.v3. */
export interface CheckedList extends KnownList {
  leafHashes: Digest[];
}

const refuseList = (list: ListName, why: string): never => {
  throw new CapError('proof.other-lists', `${list}: ${why}; run cap prepare and cap manifest build again`);
};

/** The lists that the manifest commits to under either scheme. Throws CapError `proof.other-lists` for others. */
export const knownLists = (manifest: Manifest, lists: readonly ProverList[]): KnownList[] =>
  lists.map((given) => {
    const commitment = manifest.commitments.find(({ list }) => list === given.list);
    if (!commitment) return refuseList(given.list, 'the manifest has no commitment to this list');
    if (commitment.scheme === 'merkle-blake3.v3') assertLeaves(given, commitment);
    return { ...given, idScheme: commitment.id_scheme };
  });

/** Recomputes the Merkle roots. Throws CapError `proof.other-lists` when rows and salts are not the manifest's. */
export function checkedLists(manifest: Manifest, lists: readonly ProverList[]): CheckedList[] {
  return lists.map((given) => {
    const commitment = merkleCommitment(manifest, given.list);
    if (!commitment)
      return refuseList(
        given.list,
        'the manifest has no merkle-blake3.v3 commitment to this list, which this backend needs',
      );
    return { ...given, idScheme: commitment.id_scheme, leafHashes: assertLeaves(given, commitment).map(digestText) };
  });
}

function assertLeaves({ list, rows, secrets }: ProverList, { root, count }: MerkleCommitment): Buffer[] {
  if (rows.length !== count || secrets.leaves.length !== rows.length)
    return refuseList(
      list,
      `${rows.length} rows with ${secrets.leaves.length} salts, but the manifest commits to ${count} rows`,
    );
  const leaves = rows.map((row, i) => rowLeaf(list, row, secrets.leaves[i]!));
  const own = digestText(commitmentRoot(leaves));
  if (own !== root) return refuseList(list, `the rows have the root ${own}, the manifest commits to ${root}`);
  return leaves;
}

/**
 * Evaluates the policy over everything the prover knows. Throws CapError `proof.false-statement` that names
 * each rule that does not hold and ten of the rows that break it, all of them in `details` (FalseRule[]). If no row breaks
 * any: `input` / `list.empty` for a rule whose reference list has no entry that could be found, else `proof.unprovable`.
 * Returns the results of the rules otherwise.
 */
export function assertTrue(
  context: ProofContext & { policy: CompiledPolicy },
  lists: readonly KnownList[],
): RuleResult[] {
  const known = lists.map(fullyOpened);
  const facts = known.flatMap((list) => factsOf(list, context));
  const results = evaluateRules(context.policy, facts, 'disclosed', evaluationContext(context));
  const failed = results.filter(({ status }) => status !== 'disclosed');
  // Only a rule that the rows break is false; another one may hold, for all that can be told from these commitments.
  const broken = failed.some(({ status }) => status === 'violated');
  if (!broken) assertCoverage(listCoverage(context.policy, context.referenceLists));
  if (failed.length === 0) return results;
  const reasons = failed.map(({ rule_id, status, message }) => {
    const requirements = context.policy.requirements.filter((requirement) => requirement.rule_id === rule_id);
    const rows = requirements.flatMap((requirement) => {
      const i = lists.findIndex(({ list }) => list === requirement.list);
      return i === -1
        ? []
        : violations(requirement, lists[i]!, offendingRows(requirement, known[i]!, context), context);
    });
    const verb = status === 'violated' ? 'does not hold' : "can't be proven with these lists";
    return {
      rule_id,
      status: status === 'violated' ? ('violated' as const) : ('unproven' as const),
      rows,
      words: `rule ${rule_id} ${verb}${firstViolations(rows)}${message ? `. ${message.en}${remedies(requirements, lists)}` : ''}`,
    };
  });
  const code = broken ? 'proof.false-statement' : 'proof.unprovable';
  throw new CapError(code, reasons.map(({ words }) => words).join('\n'), {
    details: reasons.map(({ rule_id, status, rows }): FalseRule => ({ rule_id, status, rows })),
  });
}

/** Remedies for a list that is committed under another scheme than the rule's. */
const remedies = (requirements: readonly Requirement[], lists: readonly KnownList[]): string =>
  requirements
    .flatMap(({ list, need }) => {
      const scheme = need.kind === 'disjoint' || need.kind === 'count' ? need.scheme : undefined;
      const committed = lists.find((known) => known.list === list)?.idScheme;
      return scheme !== undefined && committed !== scheme
        ? [` Prepare the lists again: cap prepare --id-scheme ${list}=${scheme}`]
        : [];
    })
    .join('');

const fullyOpened = ({ list, idScheme, rows }: KnownList): OpenedList => ({
  list,
  idScheme,
  count: rows.length,
  rows: rows.map((row, index) => ({
    index,
    fields: Object.fromEntries(fieldNames(row).map((name) => [name, row[name as keyof typeof row]])) as JsonObject,
    hidden: [],
  })),
});

/** What the rules' evaluation needs to know besides the facts. */
export const evaluationContext = (context: ProofContext): EvaluationContext =>
  evaluationContextOf(
    new Map(context.manifest.reference_lists.map(({ id, hash }) => [id, hash])),
    context.referenceLists,
    context.manifest.commitments,
  );
