/** Exit codes of an error that ends a service, by the kind the core libraries give it; anything else is internal (70). */
const EXITS: Readonly<Record<string, number>> = {
  usage: 64,
  input: 65,
  missing: 66,
  unavailable: 69,
  'cannot-create': 73,
  io: 74,
  busy: 75,
  conflict: 75,
  forbidden: 77,
  config: 78,
  refused: 78, // a database of a newer version, say: nothing that trying again would mend
};
const SYSTEM: Readonly<Record<string, number>> = {
  EADDRINUSE: 75,
  EACCES: 77,
  EPERM: 77,
  EADDRNOTAVAIL: 78,
  ENOTFOUND: 78,
};

export const INTERNAL_ERROR = 70;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return INTERNAL_ERROR;
  const { kind, code, syscall } = error as { kind?: unknown; code?: unknown; syscall?: unknown };
  if (typeof kind === 'string') return Object.hasOwn(EXITS, kind) ? EXITS[kind]! : INTERNAL_ERROR;
  // Only what listening or looking up an address can say; a file error deep inside is internal.
  if (typeof code === 'string' && (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo'))
    return SYSTEM[code] ?? INTERNAL_ERROR;
  return INTERNAL_ERROR;
}
