import { policyHash } from '@cap/policy';
import { comparePolicies, pinPolicy } from '../policy.js';
import { checkRegistry } from '../registry.js';
import { judgeRules, NOTHING_KNOWN } from '../rules.js';
import { type Judgement, type Run } from '../run.js';
import { checkSigners } from '../signers.js';
import { checkStatements } from '../statement.js';
import { claimsAsRules } from './claims.js';
import { legacyPolicyHash, readLegacyManifest } from './manifest.js';
import { checkLegacyManifests, type JudgedLegacyManifest } from './manifests.js';
import { checkLegacyMeta, type LegacyUnit } from './meta.js';
import { checkGeneration, readParts } from './parts.js';
import { readLegacyProof } from './proof.js';
import { checkLegacyProofs } from './proofs.js';
import { checkLegacySignatures } from './signatures.js';

/**
 * Judges a bundle of the older program by the checks that mean something for it, in pipeline order but where a comment
 * says so. Its proofs are the prover's word, so nothing here ends better than in a warning.
 */
export async function judgeLegacy({ bundle, sources, options, checks, clock, hashOf }: Run): Promise<Judgement> {
  // meta.schema, meta.units, files.hash, files.unlisted
  const units = checkLegacyMeta(bundle, hashOf, checks);

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
  checkGeneration(bundle, [...read.manifests.values(), ...read.proofs.values()], checks);

  // manifest.schema, manifest.commitments; there was no canonical spelling
  const manifests = checkLegacyManifests(read.manifests.values(), checks);

  // signature.present, signature.valid
  const kids = checkLegacySignatures([...manifests.values()], checks);

  // registry.match: before its place, since the registry's time is the trusted time of the signature
  const trusted = await checkRegistry(bundle, sources, options, checks);

  // signer.trusted, signer.validity
  checkSigners({ kids, companies: [] }, sources.trust, trusted, clock, checks);

  // policy.pinned, policy.status, policy.hash
  const policy = await choosePolicy(units, manifests, { sources, checks });

  // proof.container, proof.backend, proof.binding, proof.valid, proof.claimed-only; there was no key for proof.vk
  const established = checkLegacyProofs(units, { manifests, proofs: read.proofs, policy, options }, checks);

  // statement.audience, statement.nonce: nothing was stated, so whoever asks gets a failure
  checkStatements([{ statement: {} }], options, checks);

  // lists.known, lists.age: nothing is compared with a list
  const rules = policy
    ? judgeRules({ own: policy, rules: policy }, manifests, established, () => NOTHING_KNOWN)
    : claimsAsRules(established.flatMap(({ ownClaims }) => ownClaims));
  const sample = options.sample && { fault: 'a bundle of the older program has no rows to open' };
  return { units, kids, signerKid: kids[0] ?? null, policy, rules, ...(sample && { sample }) };
}

/** The verifier's own policy: the bundle's rules are no more than the names of its claims. */
async function choosePolicy(
  units: readonly LegacyUnit[],
  manifests: ReadonlyMap<string, JudgedLegacyManifest>,
  { sources, checks }: Pick<Run, 'sources' | 'checks'>,
) {
  const last = manifests.get(units.at(-1)?.manifest_file ?? '');
  const named = last ? legacyPolicyHash(last.manifest) : null;
  const own = await pinPolicy(named, sources, checks);
  if (named)
    comparePolicies(
      own?.policy_hash ?? named,
      [
        ...[...manifests.values()].map(({ file, manifest }) => ({ place: file, hash: legacyPolicyHash(manifest) })),
        ...units.flatMap(({ id, policy_hash: hash }) =>
          hash === undefined ? [] : [{ place: `proof unit ${id}`, hash: policyHash(hash) ?? hash }],
        ),
      ],
      checks,
    );
  return own;
}
