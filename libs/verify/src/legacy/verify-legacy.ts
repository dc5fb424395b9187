import { policyHash, type CompiledPolicy } from '@cap/policy';
import type { VerificationSources } from '../inputs.js';
import { comparePolicies, pinPolicy } from '../policy.js';
import { type CheckResult, Findings } from '../report/findings.js';
import { checkRegistry } from '../registry.js';
import { verifyRules, NOTHING_KNOWN } from '../rules.js';
import type { CheckOutcome, Run } from '../run.js';
import { checkSigners } from '../signers.js';
import { checkStatements } from '../statement.js';
import { claimsAsRules } from './claims.js';
import { legacyPolicyHash, readLegacyManifest } from './manifest.js';
import { checkLegacyManifests, type CheckedLegacyManifest } from './manifests.js';
import { checkLegacyMeta, type LegacyUnit } from './meta.js';
import { checkGeneration, readParts } from './parts.js';
import { readLegacyProof } from './proof.js';
import { checkLegacyProofs } from './proofs.js';
import { checkLegacySignatures } from './signatures.js';

/**
 * Verifies a bundle of the older program by the checks that mean something for it, in pipeline order but where a comment
 * says so. Its proofs are the prover's word, so nothing here ends better than in a warning.
 */
export async function verifyLegacy({ bundle, sources, options, clock, hashOf }: Run): Promise<CheckOutcome> {
  const found = new Findings();

  // meta.schema, meta.units, files.hash, files.unlisted
  const units = found.take(checkLegacyMeta(bundle, hashOf));

  // legacy.format: before its place, since it is the question of what can be read at all
  const read = {
    manifests: readParts(
      bundle,
      units.map(({ manifest_file }) => manifest_file),
      readLegacyManifest,
    ),
    proofs: readParts(
      bundle,
      units.map(({ proof_file }) => proof_file),
      readLegacyProof,
    ),
  };
  found.add([checkGeneration(bundle, [...read.manifests.values(), ...read.proofs.values()])]);

  // manifest.schema, manifest.commitments; there was no canonical spelling
  const manifests = found.take(checkLegacyManifests([...read.manifests.values()]));

  // signature.present, signature.valid
  const kids = found.take(checkLegacySignatures([...manifests.values()]));

  // registry.match: before its place, since the registry's time is the trusted time of the signature
  const trusted = found.take(await checkRegistry(bundle, sources, options));

  // signer.trusted, signer.validity
  found.add(checkSigners({ kids, companies: [] }, sources.trust, trusted, clock));

  // policy.pinned, policy.status, policy.hash
  const policy = found.take(await choosePolicy(units, manifests, sources));

  // proof.container, proof.backend, proof.binding, proof.valid, proof.claimed-only; there was no key for proof.vk
  const established = found.take(checkLegacyProofs(units, { manifests, proofs: read.proofs, policy, options }));

  // statement.audience, statement.nonce: nothing was stated, so whoever asks gets a failure
  found.add(checkStatements([{ statement: {} }], options));

  // lists.known, lists.age: nothing is compared with a list
  const rules = policy
    ? verifyRules({ own: policy, rules: policy }, manifests, established, () => NOTHING_KNOWN)
    : claimsAsRules(established.flatMap(({ ownClaims }) => ownClaims));
  const sample = options.sample && { fault: 'a bundle of the older program has no rows to open' };
  return { findings: found.all, units, kids, signerKid: kids[0] ?? null, policy, rules, ...(sample && { sample }) };
}

/** The verifier's own policy: the bundle's rules are no more than the names of its claims. */
async function choosePolicy(
  units: readonly LegacyUnit[],
  manifests: ReadonlyMap<string, CheckedLegacyManifest>,
  sources: VerificationSources,
): Promise<CheckResult<CompiledPolicy | null>> {
  const last = manifests.get(units.at(-1)?.manifest_file ?? '');
  const named = last ? legacyPolicyHash(last.manifest) : null;
  const { value: own, findings } = await pinPolicy(named, sources);
  if (!named) return { value: own, findings };
  const compared = comparePolicies(own?.policy_hash ?? named, [
    ...[...manifests.values()].map(({ file, manifest }) => ({ place: file, hash: legacyPolicyHash(manifest) })),
    ...units.flatMap(({ id, policy_hash: hash }) =>
      hash === undefined ? [] : [{ place: `proof unit ${id}`, hash: policyHash(hash) ?? hash }],
    ),
  ]);
  return { value: own, findings: [...findings, compared] };
}
