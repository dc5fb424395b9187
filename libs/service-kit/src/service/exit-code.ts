import { EXIT, type ExitCode, isCapError, serviceExitOf } from '@cap/core';

const SYSTEM: Readonly<Record<string, ExitCode>> = {
  EADDRINUSE: EXIT.busy,
  EACCES: EXIT.forbidden,
  EPERM: EXIT.forbidden,
  EADDRNOTAVAIL: EXIT.config,
  ENOTFOUND: EXIT.config,
};

/** Exit code of an error that ends a service. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isCapError(error)) return serviceExitOf(error.code);
  if (!(error instanceof Error)) return EXIT.internal;
  const { code, syscall } = error as NodeJS.ErrnoException;
  // Only what listening or looking up an address can say; a file error deep inside is internal.
  if (code !== undefined && (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo'))
    return SYSTEM[code] ?? EXIT.internal;
  return EXIT.internal;
}
