import { setImmediate } from 'node:timers/promises';
import { digestText, type Digest } from '@cap/crypto';
import { type CompiledPolicy, type Fact, type FactStrength } from '@cap/policy';
import {
  type BackendName,
  type ProofBackend,
  type ProofContext,
  type StepOutcome,
  type VerifyingOptions,
  backendById,
  type Bundle,
  type ProofUnit,
  decodeContainer,
  type ProofContainer,
} from '@cap/proof';
import { type CheckList } from './report/check-list.js';
import { type CheckId } from './report/checks.js';
import { type ListsByManifest } from './lists.js';
import { type JudgedManifest } from './manifests.js';
import { attempt } from './meta.js';

/** What a verified proof has established about one manifest. */
export interface Established<M = JudgedManifest> {
  manifest: M;
  strength: FactStrength;
  facts: Fact[];
  /** Of a proof that carries claims only. */
  claims?: { rule_id: string; ok: boolean }[];
}

export interface ProofJudging {
  bundle: Bundle;
  manifests: ReadonlyMap<string, JudgedManifest>;
  /** The policy whose rules are judged; if it is only the bundle's copy, judgeRules() lets nothing count for more than a claim. */
  policy: CompiledPolicy | null;
  lists: ListsByManifest;
  accepted: readonly BackendName[];
  allowMock: boolean;
  verifying: VerifyingOptions;
}

/**
 * proof.container, proof.backend, proof.vk, proof.binding, proof.valid, proof.claimed-only, for each proof unit. Returns
 * what the proofs that hold establish.
 */
export async function verifyProofs(
  units: readonly ProofUnit[],
  judging: ProofJudging,
  checks: CheckList,
): Promise<Established[]> {
  const established: Established[] = [];
  for (const unit of units) {
    // Whatever a bundle asks for: between two proofs others get their turn, and what nobody waits for ends.
    await setImmediate();
    judging.verifying.signal?.throwIfAborted();
    const proof = await verifyProof(unit, judging, checks);
    if (proof) established.push(proof);
  }
  return established;
}

async function verifyProof(unit: ProofUnit, judging: ProofJudging, checks: CheckList): Promise<Established | null> {
  const bytes = judging.bundle.files.get(unit.proof_file);
  // A listed proof that is not there already failed files.hash.
  if (!bytes) return null;
  const container = attempt(
    () => decodeContainer(bytes),
    (why) => checks.fail('proof.container', { expected: 'CAPZ version 2', actual: why }),
  );
  if (!container) return null;
  checks.ok('proof.container', { expected: 'CAPZ version 2', actual: 'CAPZ version 2' });
  const backend = checkBackend(unit, container, judging.accepted, checks);
  const manifest = judging.manifests.get(unit.manifest_file);
  if (!backend) return null;
  checkClaimedOnly(backend, judging.allowMock, checks);
  if (!manifest) return null;

  const context = proofContext(unit, manifest, judging);
  if (!checkVerifyingKey(unit, container, backend, context, checks)) return null;
  const verdict = await backend.verify(context, container.payload, judging.verifying);
  if (!verdict) return null;
  const { binding, validity, facts, claims } = verdict;
  recordOutcome('proof.binding', binding, checks);
  if (binding.ok || validity !== binding) recordOutcome('proof.valid', validity, checks);
  return binding.ok && validity.ok ? { manifest, strength: backend.strength, facts, ...(claims && { claims }) } : null;
}

/** What a unit's proof must be about, by the verifier's own policy and lists. */
export const proofContext = (unit: ProofUnit, manifest: JudgedManifest, judging: ProofJudging): ProofContext => ({
  manifest: manifest.manifest,
  manifestHash: manifest.hash,
  policy: judging.policy,
  policyHash: judging.policy?.policy_hash ?? manifest.manifest.policy.hash,
  statement: unit.statement,
  referenceLists: judging.lists.get(manifest) ?? new Map(),
});

function checkBackend(
  unit: ProofUnit,
  { backendId }: ProofContainer,
  accepted: readonly BackendName[],
  checks: CheckList,
): ProofBackend | null {
  const backend = backendById(backendId);
  const actual = backend?.name ?? `backend ${backendId}, not built in`;
  if (!backend || !accepted.includes(backend.name)) {
    checks.fail('proof.backend', { expected: accepted.join(' or '), actual });
    return null;
  }
  if (unit.backend !== backend.name) {
    checks.fail('proof.backend', { expected: `${unit.backend}, as _meta.json says`, actual });
    return null;
  }
  checks.ok('proof.backend', { expected: accepted.join(' or '), actual });
  return backend;
}

export function checkClaimedOnly(
  { name, strength }: Pick<ProofBackend, 'strength'> & { name: string },
  allowMock: boolean,
  checks: CheckList,
): void {
  if (strength !== 'claimed') checks.ok('proof.claimed-only', { actual: name });
  else checks.record('proof.claimed-only', allowMock ? 'warn' : 'fail', { expected: 'a proof of facts', actual: name });
}

/** The key is the verifier's: _meta.json and the container may only repeat its hash. */
function checkVerifyingKey(
  unit: ProofUnit,
  container: ProofContainer,
  backend: ProofBackend,
  context: ProofContext,
  checks: CheckList,
): boolean {
  const { vkHash, paramsHash } = backend.verifyingKey(context);
  const expected = digestText(vkHash);
  const named: Digest[] = [digestText(container.vkHash), unit.vk_hash];
  const other = named.find((hash) => hash !== expected);
  if (other) checks.fail('proof.vk', { expected: `vk_hash ${expected}`, actual: `vk_hash ${other}` });
  else if (!Buffer.from(container.paramsHash).equals(paramsHash))
    checks.fail('proof.vk', {
      expected: `params_hash ${digestText(paramsHash)}`,
      actual: `params_hash ${digestText(container.paramsHash)}`,
    });
  else {
    checks.ok('proof.vk', { expected: `vk_hash ${expected}`, actual: `vk_hash ${expected}` });
    return true;
  }
  return false;
}

function recordOutcome(id: CheckId, outcome: StepOutcome, checks: CheckList): void {
  if (outcome.ok) checks.ok(id);
  else checks.fail(id, { expected: outcome.expected, actual: `${outcome.actual}: ${outcome.reason}` });
}
