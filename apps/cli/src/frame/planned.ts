import { CapError } from '@cap/core';

/** Verbs that the product has a name for, and this version does not have. They are refused, not listed in the help. */
const PLANNED = new Set([
  'registry verify',
  'keys rotate',
  'keys attest',
  'keys archive',
  'keys revoke',
  'keys verify-chain',
  'backup prune',
]);

/** Throws a usage error if the command line names a planned verb. */
export function refusePlanned(argv: readonly string[]): void {
  const [one = '', second = ''] = argv;
  const planned = [one, `${one} ${second}`].find((verb) => PLANNED.has(verb));
  if (planned !== undefined) throw new CapError('verb.unsupported', `cap ${planned}: not built in this version`);
}
