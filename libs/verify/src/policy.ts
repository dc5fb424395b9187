import { isCapError } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { compilePolicy, lintErrors, parsePolicyText, type CompiledPolicy } from '@cap/policy';
import type { Bundle, BundleMeta, ProofUnit } from '@cap/proof/bundle';
import { type CheckResult, fail, finding, type Finding, ok, warn } from './report/findings.js';
import { boundedJson } from './files.js';
import type { VerificationSources, VerifierPolicy } from './inputs.js';
import type { CheckedManifests } from './manifests.js';

export interface ChosenPolicy {
  /** The verifier's own policy; null if it has none for this bundle. */
  own: CompiledPolicy | null;
  /** The policy whose rules are verified: the verifier's own, else the bundle's copy. Null: no rules at all. */
  rules: CompiledPolicy | null;
}

/**
 * policy.pinned, policy.status, policy.hash. The verifier's policy counts, never the prover's: the one that the caller
 * named, else the registry's with the manifest's hash, else that of trust.json.
 */
export async function choosePolicy(
  bundle: Bundle,
  meta: BundleMeta,
  units: readonly ProofUnit[],
  manifests: CheckedManifests,
  sources: VerificationSources,
): Promise<CheckResult<ChosenPolicy>> {
  const named = manifests.get(units.at(-1)?.manifest_file ?? '')?.manifest.policy.hash ?? null;
  const { value: own, findings } = await pinPolicy(named, sources);
  const rules = own ?? (named && bundledCopy(bundle, meta, named));
  if (!named) return { value: { own, rules }, findings };
  const compared = comparePolicies(own?.policy_hash ?? named, [
    ...[...manifests.values()].map(({ file, manifest }) => ({ place: file, hash: manifest.policy.hash })),
    ...units.map(({ id, policy_hash }) => ({ place: `proof unit ${id}`, hash: policy_hash })),
  ]);
  return { value: { own, rules }, findings: [...findings, compared] };
}

/** policy.pinned, policy.status. The verifier's own policy for a bundle whose manifest names this one; null if it has none. */
export async function pinPolicy(
  named: Digest | null,
  sources: VerificationSources,
): Promise<CheckResult<CompiledPolicy | null>> {
  const own = sources.policy ?? (named && (await ownPolicy(named, sources)));
  if (own)
    return {
      value: own.compiled,
      findings: [ok('policy.pinned', { expected: named, actual: own.compiled.policy_hash }), statusFinding(own)],
    };
  return { value: null, findings: named ? [warn('policy.pinned', { expected: named, actual: null })] : [] };
}

async function ownPolicy(hash: Digest, sources: VerificationSources): Promise<VerifierPolicy | null> {
  const registered = await sources.policyByHash?.(hash);
  if (registered) return registered;
  const trusted = sources.trust?.policy(hash);
  return trusted ? { compiled: trusted, status: 'active' } : null;
}

function statusFinding({ status, unconfirmed }: VerifierPolicy): Finding {
  if (unconfirmed)
    return warn('policy.status', { expected: 'active', actual: 'unknown: the registry does not answer' });
  const statuses = { active: 'ok', deprecated: 'warn', draft: 'fail' } as const;
  return finding('policy.status', statuses[status], { expected: 'active', actual: status });
}

/** policy.hash */
export function comparePolicies(expected: Digest, named: readonly { place: string; hash: string }[]): Finding {
  const other = named.find(({ hash }) => hash !== expected);
  return other
    ? fail('policy.hash', { expected, actual: `${other.place}: ${other.hash}` })
    : ok('policy.hash', { expected, actual: expected });
}

/** The copy that the bundle carries for display, if it is the policy that the manifest names. */
function bundledCopy(bundle: Bundle, meta: BundleMeta, hash: Digest): CompiledPolicy | null {
  for (const [name, { role }] of Object.entries(meta.files)) {
    const bytes = bundle.files.get(name);
    if (role !== 'policy' || !bytes) continue;
    try {
      const compiled = compilePolicy(parsePolicyText(boundedJson(bytes, name), name), { lintMode: 'relaxed' });
      if (compiled.policy_hash === hash && lintErrors(compiled.lints).length === 0) return compiled;
    } catch (error) {
      // Not a policy: then it is no copy either. Only for display, so no check is about it.
      if (!isCapError(error)) throw error;
    }
  }
  return null;
}
