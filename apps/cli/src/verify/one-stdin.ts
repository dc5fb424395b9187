import { CapError } from '@cap/core';

/** Throws CapError `usage` when two inputs are to come from stdin: the second would be empty. `inputs`: files by what they are. */
export function requireOneStdin(inputs: readonly (readonly [what: string, file: string | undefined])[]): void {
  const piped = inputs.filter(([, file]) => file === '-').map(([what]) => what);
  if (piped.length > 1) throw new CapError('option.stdin', `only one can come from stdin, not ${piped.join(' and ')}`);
}
