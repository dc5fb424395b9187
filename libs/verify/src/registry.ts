import { type Bundle } from '@cap/proof';
import { type CheckList } from './report/check-list.js';
import { type VerificationOptions, type VerificationSources } from './inputs.js';

/**
 * registry.match. Returns the trusted time of the signature: the registry has seen the bundle then, so it was signed
 * before. Null if the registry was not asked, or nothing shows that it knows the bundle.
 */
export async function checkRegistry(
  bundle: Bundle,
  sources: VerificationSources,
  options: VerificationOptions,
  checks: CheckList,
): Promise<Date | null> {
  if (!options.checkRegistry) return null;
  const entry =
    bundle.bundleId === null
      ? { fault: 'only a zip has a bundle id' }
      : ((await sources.registryEntry?.(bundle.bundleId)) ?? { fault: 'no entry' });
  if ('fault' in entry) {
    checks.fail('registry.match', { expected: bundle.bundleId, actual: entry.fault });
    return null;
  }
  checks.ok('registry.match', { expected: bundle.bundleId, actual: `registered at ${entry.registered_at}` });
  return new Date(entry.registered_at);
}
