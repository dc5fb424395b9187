import { policyHash, type CompiledPolicy } from '@cap/policy';
import { type Checked, fail, type Finding, ok } from '../report/findings.js';
import { type VerificationOptions } from '../inputs.js';
import { acceptedBackends } from '../options.js';
import { claimedOnlyFinding, type Established } from '../proofs.js';
import { claimsFor, factsOf } from './claims.js';
import { legacyPolicyHash, manifestNames } from './manifest.js';
import { type JudgedLegacyManifest } from './manifests.js';
import { type LegacyUnit } from './meta.js';
import { type Part } from './parts.js';
import { type LegacyClaim, type LegacyProof } from './proof.js';

/** The kind of backend that each generation names; both count as `mock`, the prover's word. */
const BACKENDS: Record<LegacyProof['generation'], string> = { 'proof.v0': 'mock', 'proof.v1': 'simplified_zk' };

/** What a proof that names a manifest of the bundle says, in its own words and about the rules of the policy. */
interface LegacyEstablished extends Established<JudgedLegacyManifest> {
  ownClaims: readonly LegacyClaim[];
}

interface ProofJudging {
  manifests: ReadonlyMap<string, JudgedLegacyManifest>;
  proofs: ReadonlyMap<string, Part<LegacyProof>>;
  policy: CompiledPolicy | null;
  options: VerificationOptions;
}

/** proof.container, proof.backend, proof.binding, proof.valid, proof.claimed-only, for each proof unit. */
export function checkLegacyProofs(units: readonly LegacyUnit[], judging: ProofJudging): Checked<LegacyEstablished[]> {
  const checked = units.map((unit) => checkLegacyProof(unit, judging));
  return {
    value: checked.map(({ value }) => value).filter((proof) => proof !== null),
    findings: checked.flatMap(({ findings }) => findings),
  };
}

function checkLegacyProof(unit: LegacyUnit, judging: ProofJudging): Checked<LegacyEstablished | null> {
  const part = judging.proofs.get(unit.proof_file)!;
  const expected = 'proof.v0 or proof.v1';
  if (!part.value)
    return {
      value: null,
      findings: part.fault === null ? [] : [fail('proof.container', { expected, actual: part.fault })],
    };
  const proof = part.value;
  const backend = backendFinding(proof, judging.options);
  const findings = [ok('proof.container', { expected, actual: proof.generation }), backend];
  if (backend.status !== 'ok') return { value: null, findings };
  findings.push(claimedOnlyFinding({ name: proof.backend, strength: 'claimed' }, judging.options.allowMock));
  const manifest = judging.manifests.get(unit.manifest_file);
  if (!manifest) return { value: null, findings };
  const binding = bindingFinding(proof, manifest);
  findings.push(binding);
  if (binding.status !== 'ok') return { value: null, findings };
  findings.push(wordFinding(proof));
  const claims = judging.policy ? claimsFor(judging.policy, proof.claims) : [];
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

function bindingFinding(proof: LegacyProof, { manifest, bytes }: JudgedLegacyManifest): Finding {
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
