import { policyHash, type CompiledPolicy } from '@cap/policy';
import { type CheckList } from '../report/check-list.js';
import { type VerificationOptions } from '../inputs.js';
import { acceptedBackends } from '../options.js';
import { checkClaimedOnly, type Established } from '../proofs.js';
import { claimsFor, factsOf } from './claims.js';
import { legacyPolicyHash, manifestNames } from './manifest.js';
import { type JudgedLegacyManifest } from './manifests.js';
import { type LegacyUnit } from './meta.js';
import { type Part } from './parts.js';
import { type LegacyClaim, type LegacyProof } from './proof.js';

/** The kind of backend that each generation names; both count as `mock`, the prover's word. */
const BACKENDS: Record<LegacyProof['generation'], string> = { 'proof.v0': 'mock', 'proof.v1': 'simplified_zk' };

/** What a proof that names a manifest of the bundle says, in its own words and about the rules of the policy. */
export interface LegacyEstablished extends Established<JudgedLegacyManifest> {
  ownClaims: readonly LegacyClaim[];
}

interface ProofJudging {
  manifests: ReadonlyMap<string, JudgedLegacyManifest>;
  proofs: ReadonlyMap<string, Part<LegacyProof>>;
  policy: CompiledPolicy | null;
  options: VerificationOptions;
}

/** proof.container, proof.backend, proof.binding, proof.valid, proof.claimed-only, for each proof unit. */
export function checkLegacyProofs(
  units: readonly LegacyUnit[],
  judging: ProofJudging,
  checks: CheckList,
): LegacyEstablished[] {
  return units.flatMap((unit) => {
    const proof = readableProof(judging.proofs.get(unit.proof_file)!, checks);
    if (!proof || !checkBackend(proof, judging.options, checks)) return [];
    checkClaimedOnly({ name: proof.backend, strength: 'claimed' }, judging.options.allowMock, checks);
    const manifest = judging.manifests.get(unit.manifest_file);
    if (!manifest || !checkBinding(proof, manifest, checks)) return [];
    checkWord(proof, checks);
    const claims = judging.policy ? claimsFor(judging.policy, proof.claims) : [];
    return [{ manifest, strength: 'claimed', facts: factsOf(manifest.manifest), claims, ownClaims: proof.claims }];
  });
}

function readableProof(part: Part<LegacyProof>, checks: CheckList): LegacyProof | null {
  const expected = 'proof.v0 or proof.v1';
  if (part.value) checks.ok('proof.container', { expected, actual: part.value.generation });
  else if (part.fault !== null) checks.fail('proof.container', { expected, actual: part.fault });
  return part.value;
}

function checkBackend({ generation, backend }: LegacyProof, options: VerificationOptions, checks: CheckList): boolean {
  const accepted = acceptedBackends(options);
  if (backend !== BACKENDS[generation])
    checks.fail('proof.backend', { expected: BACKENDS[generation], actual: `${generation} by ${backend}` });
  else if (!accepted.includes('mock'))
    checks.fail('proof.backend', { expected: accepted.join(' or '), actual: 'mock' });
  else {
    checks.ok('proof.backend', { expected: accepted.join(' or '), actual: `mock (${generation} by ${backend})` });
    return true;
  }
  return false;
}

function checkBinding(proof: LegacyProof, { manifest, bytes }: JudgedLegacyManifest, checks: CheckList): boolean {
  const names = manifestNames(manifest, bytes, proof.generation);
  const manifestPolicy = legacyPolicyHash(manifest);
  if (!names.includes(proof.manifestHash))
    checks.fail('proof.binding', {
      expected: `manifest ${names.join(' or ')}`,
      actual: `manifest ${proof.manifestHash}`,
    });
  else if (proof.policyHash !== null && policyHash(proof.policyHash) !== manifestPolicy)
    checks.fail('proof.binding', { expected: `policy ${manifestPolicy}`, actual: `policy ${proof.policyHash}` });
  else {
    checks.ok('proof.binding', { actual: `manifest ${proof.manifestHash}` });
    return true;
  }
  return false;
}

/** A failed check counts whatever its name; the rules only know the names of the policy. */
function checkWord({ claims, passed }: LegacyProof, checks: CheckList): void {
  const failed = claims.filter(({ ok }) => !ok).map(({ name }) => name);
  if (passed && failed.length === 0) checks.ok('proof.valid');
  else
    checks.fail('proof.valid', {
      expected: 'no failed check',
      actual: failed.length > 0 ? failed.join(', ') : 'the status is not ok',
    });
}
