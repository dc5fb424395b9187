import { CapError } from '@cap/crypto';

/** What is malformed about a policy, with its place. */
export const policyInvalid = (message: string, cause?: unknown): CapError =>
  new CapError('input', 'policy.invalid', message, cause === undefined ? {} : { cause });
