import { verifySample, type Sample, type SampledRow } from '@cap/proof';
import type { ProofUnit } from '@cap/proof/bundle';
import { proofContext, type ProofInputs } from './proofs.js';

/**
 * Are a sample's rows among those that one of the bundle's zero-knowledge proofs is about? Returns the rows, or why they
 * are not.
 */
export async function verifyBundleSample(
  units: readonly ProofUnit[],
  inputs: ProofInputs,
  sample: Sample,
): Promise<SampledRow[] | { fault: string }> {
  let outcome: SampledRow[] | { fault: string } = { fault: 'the bundle has no proof of kzg-columns' };
  for (const unit of units) {
    const manifest = inputs.manifests.get(unit.manifest_file);
    if (unit.backend !== 'kzg-columns' || !manifest) continue;
    outcome = await verifySample(proofContext(unit, manifest, inputs), sample);
    if (Array.isArray(outcome)) return outcome;
  }
  return outcome;
}
