import { type ProofContext } from '../backends/backend.js';
import { verifySample, type Sample, type SampledRow } from '../backends/kzg-columns/sample.js';
import { type Bundle } from '../bundle/bundle.js';
import { CheckList } from '../report/check-list.js';
import { Clock } from './clock.js';
import { fileHashes } from './files.js';
import { type VerificationOptions, type VerificationSources } from './inputs.js';
import { resolveLists } from './lists.js';
import { checkManifests } from './manifests.js';
import { checkMeta } from './meta.js';
import { choosePolicy } from './policy.js';

/**
 * Are a sample's rows among those that the bundle's zero-knowledge proof is about? Says nothing of the bundle itself: that is
 * verifyBundle's verdict. Returns the rows, or why they are not.
 */
export async function verifyBundleSample(
  bundle: Bundle,
  sources: VerificationSources,
  options: VerificationOptions,
  sample: Sample,
): Promise<SampledRow[] | { fault: string }> {
  if (bundle.generation === 'legacy') return { fault: 'a bundle of the older program has no rows to open' };
  // The checks are verifyBundle's to report; here they only find what the statement is made of.
  const checks = new CheckList(bundle.generation);
  const hashOf = fileHashes(bundle);
  const { meta, units } = checkMeta(bundle, checks);
  const manifests = checkManifests(bundle, units, hashOf, checks);
  if (!meta) return { fault: 'the bundle has no proof unit that can be read' };
  const policy = (await choosePolicy(bundle, meta, units, manifests, sources, checks)).rules;
  const judging = { bundle, meta, hashOf, policy, sources, trusted: null, clock: new Clock(options) };
  const lists = await resolveLists(manifests, judging, checks);
  let outcome: SampledRow[] | { fault: string } = { fault: 'the bundle has no proof of kzg-columns' };
  for (const unit of units) {
    const manifest = manifests.get(unit.manifest_file);
    if (unit.backend !== 'kzg-columns' || !manifest) continue;
    const context: ProofContext = {
      manifest: manifest.manifest,
      manifestHash: manifest.hash,
      policy,
      policyHash: policy?.policy_hash ?? manifest.manifest.policy.hash,
      statement: unit.statement,
      referenceLists: lists.get(manifest) ?? new Map(),
    };
    outcome = await verifySample(context, sample);
    if (Array.isArray(outcome)) return outcome;
  }
  return outcome;
}
