import { policyHash, type CompiledPolicy } from '@cap/policy';
import { type CheckResult, fail, type Finding, ok } from '../report/findings.js';
import type { VerificationOptions } from '../inputs.js';
import { acceptedBackends } from '../options.js';
import { claimedOnlyFinding, type ProvenFacts } from '../proofs.js';
import { claimsFor, factsOf } from './claims.js';
import { legacyPolicyHash, manifestNames } from './manifest.js';
import type { CheckedLegacyManifest } from './manifests.js';
import type { LegacyUnit } from './meta.js';
import type { Part } from './parts.js';
import type { LegacyClaim, LegacyProof } from './proof.js';

/** The kind of backend that each generation names; both count as `mock`, the prover's word. */
const BACKENDS: Record<LegacyProof['generation'], string> = { 'proof.v0': 'mock', 'proof.v1': 'simplified_zk' };

/** What a proof that names a manifest of the bundle says, in its own words and about the rules of the policy. */
interface LegacyProvenFacts extends ProvenFacts<CheckedLegacyManifest> {
  ownClaims: readonly LegacyClaim[];
}

interface ProofInputs {
  manifests: ReadonlyMap<string, CheckedLegacyManifest>;
  proofs: ReadonlyMap<string, Part<LegacyProof>>;
  policy: CompiledPolicy | null;
  options: VerificationOptions;
}

/** proof.container, proof.backend, proof.binding, proof.valid, proof.claimed-only, for each proof unit. */
export function checkLegacyProofs(units: readonly LegacyUnit[], inputs: ProofInputs): CheckResult<LegacyProvenFacts[]> {
  const checked = units.map((unit) => checkLegacyProof(unit, inputs));
  return {
    value: checked.map(({ value }) => value).filter((proof) => proof !== null),
    findings: checked.flatMap(({ findings }) => findings),
  };
}

function checkLegacyProof(unit: LegacyUnit, inputs: ProofInputs): CheckResult<LegacyProvenFacts | null> {
  const part = inputs.proofs.get(unit.proof_file)!;
  const expected = 'proof.v0 or proof.v1';
  if (!part.value)
    return {
      value: null,
      findings: part.fault === null ? [] : [fail('proof.container', { expected, actual: part.fault })],
    };
  const proof = part.value;
  const backend = backendFinding(proof, inputs.options);
  const findings = [ok('proof.container', { expected, actual: proof.generation }), backend];
  if (backend.status !== 'ok') return { value: null, findings };
  findings.push(claimedOnlyFinding({ name: proof.backend, strength: 'claimed' }, inputs.options.allowMock));
  const manifest = inputs.manifests.get(unit.manifest_file);
  if (!manifest) return { value: null, findings };
  const binding = bindingFinding(proof, manifest);
  findings.push(binding);
  if (binding.status !== 'ok') return { value: null, findings };
  findings.push(wordFinding(proof));
  const claims = inputs.policy ? claimsFor(inputs.policy, proof.claims) : [];
  const facts = factsOf(manifest.manifest);
  return { value: { manifest, strength: 'claimed', facts, claims, ownClaims: proof.claims }, findings };
}

function backendFinding({ generation, backend }: LegacyProof, options: VerificationOptions): Finding {
  const accepted = acceptedBackends(options);
  if (backend !== BACKENDS[generation])
    return fail('proof.backend', { expected: BACKENDS[generation], actual: `${generation} by ${backend}` });
  const expected = accepted.join(' or ');
  return accepted.includes('mock')
    ? ok('proof.backend', { expected, actual: `mock (${generation} by ${backend})` })
    : fail('proof.backend', { expected, actual: 'mock' });
}

function bindingFinding(proof: LegacyProof, { manifest, bytes }: CheckedLegacyManifest): Finding {
  const names = manifestNames(manifest, bytes, proof.generation);
  const manifestPolicy = legacyPolicyHash(manifest);
  const actual = `manifest ${proof.manifestHash}`;
  if (!names.includes(proof.manifestHash))
    return fail('proof.binding', { expected: `manifest ${names.join(' or ')}`, actual });
  return proof.policyHash !== null && policyHash(proof.policyHash) !== manifestPolicy
    ? fail('proof.binding', { expected: `policy ${manifestPolicy}`, actual: `policy ${proof.policyHash}` })
    : ok('proof.binding', { actual });
}

/** A failed check counts whatever its name; the rules only know the names of the policy. */
function wordFinding({ claims, passed }: LegacyProof): Finding {
  const failed = claims.filter(({ ok: held }) => !held).map(({ name }) => name);
  if (passed && failed.length === 0) return ok('proof.valid');
  return fail('proof.valid', {
    expected: 'no failed check',
    actual: failed.length > 0 ? failed.join(', ') : 'the status is not ok',
  });
}
