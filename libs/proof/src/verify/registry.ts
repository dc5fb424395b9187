import { type Bundle } from '../bundle/bundle.js';
import { type CheckList } from '../report/check-list.js';
import { type VerificationOptions, type VerificationSources } from './inputs.js';

/**
 * registry.match. Returns the trusted time of the signature: the registry has seen the bundle then, so it was signed
 * before. Null if the registry was not asked or does not know the bundle.
 */
export async function checkRegistry(
  bundle: Bundle,
  sources: VerificationSources,
  options: VerificationOptions,
  checks: CheckList,
): Promise<Date | null> {
  if (!options.checkRegistry) return null;
  const entry = bundle.bundleId === null ? null : await sources.registryEntry?.(bundle.bundleId);
  if (!entry) {
    checks.fail('registry.match', {
      expected: bundle.bundleId,
      actual: bundle.bundleId === null ? 'only a zip has a bundle id' : 'no entry',
    });
    return null;
  }
  checks.ok('registry.match', { expected: bundle.bundleId, actual: `registered at ${entry.registered_at}` });
  return new Date(entry.registered_at);
}
