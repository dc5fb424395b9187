import { readInput } from './input.js';
import { type CliIo } from './io.js';

/** A secret from the variable `name`, or from the file that `name`_FILE names; without its trailing line break. */
export async function readSecret(io: CliIo, name: string): Promise<string | undefined> {
  const file = io.env[`${name}_FILE`];
  const text = io.env[name] || (file ? (await readInput(io, file)).toString('utf8') : '');
  return text.replace(/\r?\n$/, '') || undefined;
}
