import { Option } from '@commander-js/extra-typings';
import { CapError } from '@cap/core';
import { compilePolicy, lintErrors, parsePolicyText, type CompiledPolicy, type Lint } from '@cap/policy';
import { inputName, readInput } from '../input.js';
import type { CliIo } from '../io.js';
import { printable } from '../printable.js';

export const lintMode = new Option('--lint-mode <mode>', 'relaxed: a missing legal basis is a warning')
  .choices(['strict', 'relaxed'])
  .default('strict');

/** Reads and compiles a policy file (`-` for stdin). Not a policy: exit 65; its lints are in the result. */
export async function readPolicy(
  io: CliIo,
  file: string,
  options: { lintMode?: 'strict' | 'relaxed' } = {},
): Promise<CompiledPolicy> {
  return compilePolicy(parsePolicyText(await readInput(io, file), inputName(file)), options);
}

/**
 * Reads a policy to verify bundles by. One with lint errors is refused (exit 65, naming each), as the service refuses to store
 * it. How strict to be about style is up to the policy's author.
 */
export async function readSoundPolicy(io: CliIo, file: string): Promise<CompiledPolicy> {
  const policy = await readPolicy(io, file, { lintMode: 'relaxed' });
  const name = inputName(file);
  const errors = lintErrors(policy.lints);
  if (errors.length > 0)
    throw new CapError('policy.invalid', errors.map(({ code, message }) => `${name}: ${code}: ${message}`).join('\n'), {
      details: errors.map(({ code, message }) => ({ file: name, code, message })),
    });
  return policy;
}

/** What names a policy, in JSON results. */
export const policyIdentity = ({ format, id, version, policy_id, policy_hash }: CompiledPolicy) => ({
  format,
  id,
  version,
  policy_id,
  policy_hash,
});

export const lintLine = ({ code, message }: Lint): string => `${code}  ${printable(message)}`;
