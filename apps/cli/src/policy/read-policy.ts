import { CapError } from '@cap/core';
import { compilePolicy, lintErrors, parsePolicyText, type CompiledPolicy } from '@cap/policy';
import { inputName, readInput } from '../frame/input.js';
import { type CliIo } from '../frame/io.js';

/** Reads and compiles a policy file (`-` for stdin). No policy at all: exit 65; its lints are in the result. */
export async function readPolicy(
  io: CliIo,
  file: string,
  options: { lintMode?: 'strict' | 'relaxed' } = {},
): Promise<CompiledPolicy> {
  return compilePolicy(parsePolicyText(await readInput(io, file), inputName(file)), options);
}

/**
 * Reads a policy that bundles are to be judged by. One with lint errors is refused (exit 65, every lint named), as
 * the service refuses to store it. How strict to be about style is the business of whoever writes the policy.
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
