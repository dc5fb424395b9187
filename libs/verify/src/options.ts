import { type ErrorCode, CapError, isInstant } from '@cap/core';
import { type BackendName, backends } from '@cap/proof';
import type { VerificationOptions, VerificationSources } from './inputs.js';

/** Throws CapError `usage`: `option.unsupported` for what is not implemented, `option.invalid` for what has no meaning. */
export function refuseOptions(options: VerificationOptions, sources: VerificationSources): void {
  const refuse = (code: ErrorCode, why: string): never => {
    throw new CapError(code, why);
  };
  if (options.checkTimestamp || options.requireTimestamp)
    refuse('option.unsupported', 'timestamps are not implemented');
  if (options.checkRegistry && !sources.registryEntry)
    refuse('option.unsupported', 'check_registry: there is no registry to ask');
  if (options.at !== undefined && !isInstant(options.at))
    refuse('option.invalid', `at: expected RFC 3339 UTC with Z, not ${options.at}`);
  for (const name of ['audience', 'nonce'] as const)
    if (options[name] !== undefined && !options[name].isWellFormed())
      refuse('option.invalid', `${name}: not Unicode text`);
}

/** The names of the accepted backends, sorted. */
export function acceptedBackends({ accepted = 'auto' }: VerificationOptions): BackendName[] {
  const built = backends.map(({ name }) => name);
  return (accepted === 'auto' ? built : built.filter((name) => accepted.includes(name))).sort();
}
