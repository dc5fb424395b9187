import { setImmediate } from 'node:timers/promises';
import { digestText } from '@cap/crypto';
import type { CompiledPolicy, Fact, FactStrength } from '@cap/policy';
import {
  type BackendName,
  type ProofBackend,
  type ProofContext,
  type StepOutcome,
  type VerifyingOptions,
  backendById,
  decodeContainer,
  type ProofContainer,
} from '@cap/proof';
import type { Bundle, ProofUnit } from '@cap/proof/bundle';
import { type CheckResult, fail, finding, type Finding, ok } from './report/findings.js';
import type { CheckId } from './report/checks.js';
import type { ListsByManifest } from './lists.js';
import type { CheckedManifest, CheckedManifests } from './manifests.js';
import { attempt } from './meta.js';

/** What a valid proof establishes about one manifest. */
export interface ProvenFacts<M = CheckedManifest> {
  manifest: M;
  strength: FactStrength;
  facts: Fact[];
  /** Results of a proof that contains only claims. */
  claims?: { rule_id: string; ok: boolean }[];
}

export interface ProofInputs {
  bundle: Bundle;
  manifests: CheckedManifests;
  /** The policy whose rules are verified; if it is only the bundle's copy, verifyRules() lets nothing count for more than a claim. */
  policy: CompiledPolicy | null;
  lists: ListsByManifest;
  accepted: readonly BackendName[];
  allowMock: boolean;
  verifying: VerifyingOptions;
}

/**
 * proof.container, proof.backend, proof.vk, proof.binding, proof.valid, proof.claimed-only, for each proof unit: what the
 * proofs that hold establish.
 */
export async function verifyProofs(
  units: readonly ProofUnit[],
  inputs: ProofInputs,
): Promise<CheckResult<ProvenFacts[]>> {
  const checked: CheckResult<ProvenFacts | null>[] = [];
  for (const unit of units) {
    // However many proofs a bundle has: let other requests run between two of them, and stop if nobody waits any more.
    await setImmediate();
    inputs.verifying.signal?.throwIfAborted();
    checked.push(await verifyProof(unit, inputs));
  }
  return {
    value: checked.map(({ value }) => value).filter((proof) => proof !== null),
    findings: checked.flatMap(({ findings }) => findings),
  };
}

async function verifyProof(unit: ProofUnit, inputs: ProofInputs): Promise<CheckResult<ProvenFacts | null>> {
  const bytes = inputs.bundle.files.get(unit.proof_file);
  // A listed proof that is not there already failed files.hash.
  if (!bytes) return { value: null, findings: [] };
  const expected = 'CAPZ version 2';
  const read = attempt(() => decodeContainer(bytes));
  if ('fault' in read) return { value: null, findings: [fail('proof.container', { expected, actual: read.fault })] };
  const container = read.value;
  const checked = checkBackend(unit, container, inputs.accepted);
  const findings = [ok('proof.container', { expected, actual: expected }), ...checked.findings];
  const backend = checked.value;
  if (!backend) return { value: null, findings };
  findings.push(claimedOnlyFinding(backend, inputs.allowMock));
  const manifest = inputs.manifests.get(unit.manifest_file);
  if (!manifest) return { value: null, findings };

  const context = proofContext(unit, manifest, inputs);
  const key = verifyingKeyFinding(unit, container, backend, context);
  findings.push(key);
  if (key.status !== 'ok') return { value: null, findings };
  const verdict = await backend.verify(context, container.payload, inputs.verifying);
  if (!verdict) return { value: null, findings };
  const { binding, validity, facts, claims } = verdict;
  findings.push(outcomeFinding('proof.binding', binding));
  if (binding.ok || validity !== binding) findings.push(outcomeFinding('proof.valid', validity));
  const holds = binding.ok && validity.ok;
  return { value: holds ? { manifest, strength: backend.strength, facts, ...(claims && { claims }) } : null, findings };
}

/** What a unit's proof must be about, by the verifier's own policy and lists. */
export const proofContext = (unit: ProofUnit, manifest: CheckedManifest, inputs: ProofInputs): ProofContext => ({
  manifest: manifest.manifest,
  manifestHash: manifest.hash,
  policy: inputs.policy,
  policyHash: inputs.policy?.policy_hash ?? manifest.manifest.policy.hash,
  statement: unit.statement,
  referenceLists: inputs.lists.get(manifest) ?? new Map(),
});

function checkBackend(
  unit: ProofUnit,
  { backendId }: ProofContainer,
  accepted: readonly BackendName[],
): CheckResult<ProofBackend | null> {
  const backend = backendById(backendId);
  const expected = accepted.join(' or ');
  const actual = backend?.name ?? `backend ${backendId}, not available`;
  if (!backend || !accepted.includes(backend.name))
    return { value: null, findings: [fail('proof.backend', { expected, actual })] };
  if (unit.backend !== backend.name)
    return {
      value: null,
      findings: [fail('proof.backend', { expected: `${unit.backend}, as _meta.json says`, actual })],
    };
  return { value: backend, findings: [ok('proof.backend', { expected, actual })] };
}

/** proof.claimed-only */
export const claimedOnlyFinding = (
  { name, strength }: Pick<ProofBackend, 'strength'> & { name: string },
  allowMock: boolean,
): Finding =>
  strength === 'claimed'
    ? finding('proof.claimed-only', allowMock ? 'warn' : 'fail', { expected: 'a proof of facts', actual: name })
    : ok('proof.claimed-only', { actual: name });

/** proof.vk: the key is the verifier's; _meta.json and the container may only repeat its hash. */
function verifyingKeyFinding(
  unit: ProofUnit,
  container: ProofContainer,
  backend: ProofBackend,
  context: ProofContext,
): Finding {
  const { vkHash, paramsHash } = backend.verifyingKey(context);
  const vk = `vk_hash ${digestText(vkHash)}`;
  const other = [digestText(container.vkHash), unit.vk_hash].find((hash) => hash !== digestText(vkHash));
  if (other) return fail('proof.vk', { expected: vk, actual: `vk_hash ${other}` });
  return Buffer.from(container.paramsHash).equals(paramsHash)
    ? ok('proof.vk', { expected: vk, actual: vk })
    : fail('proof.vk', {
        expected: `params_hash ${digestText(paramsHash)}`,
        actual: `params_hash ${digestText(container.paramsHash)}`,
      });
}

const outcomeFinding = (id: CheckId, outcome: StepOutcome): Finding =>
  outcome.ok ? ok(id) : fail(id, { expected: outcome.expected, actual: `${outcome.actual}: ${outcome.reason}` });
