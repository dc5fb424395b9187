import { compilePolicy, parsePolicyText, type CompiledPolicy } from '@cap/policy';
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
