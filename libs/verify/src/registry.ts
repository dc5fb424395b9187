import type { Bundle } from '@cap/proof/bundle';
import { type CheckResult, fail, ok } from './report/findings.js';
import type { VerificationOptions, VerificationSources } from './inputs.js';

/**
 * registry.match. Returns the trusted time of the signature: the registry has seen the bundle then, so it was signed
 * before. Null if the registry was not asked, or nothing shows that it knows the bundle.
 */
export async function checkRegistry(
  bundle: Bundle,
  sources: VerificationSources,
  options: VerificationOptions,
): Promise<CheckResult<Date | null>> {
  if (!options.checkRegistry) return { value: null, findings: [] };
  const entry =
    bundle.bundleId === null
      ? { fault: 'only a zip has a bundle id' }
      : ((await sources.registryEntry?.(bundle.bundleId)) ?? { fault: 'no entry' });
  const expected = bundle.bundleId;
  if ('fault' in entry) return { value: null, findings: [fail('registry.match', { expected, actual: entry.fault })] };
  const { registered_at } = entry;
  return {
    value: new Date(registered_at),
    findings: [ok('registry.match', { expected, actual: `registered at ${registered_at}` })],
  };
}
