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

/** The planned verb that the command line names, or null. */
export function plannedVerb(argv: readonly string[]): string | null {
  const [one = '', second = ''] = argv;
  const two = `${one} ${second}`;
  return PLANNED.has(one) ? one : PLANNED.has(two) ? two : null;
}
