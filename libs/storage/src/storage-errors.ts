import { CapError, isCapError, systemCode } from '@cap/core';
import { systemWords } from '@cap/core/files';

/** The driver's or the file system's error as a CapError; others are returned as they are. */
export function storageError(error: unknown, what: string): unknown {
  if (isCapError(error)) return error;
  if (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/.test(
      error.message,
    )
  )
    return unreachable(error, what);
  const code = systemCode(error);
  if (code === undefined) return error;
  // Class 08: connection; 57P: the server is going away. The driver reports some of them only as text.
  if (/^(08|57P)/.test(code) || /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|NOTFOUND|HOSTUNREACH)$/.test(code))
    return unreachable(error, what);
  if (code === '53100') return new CapError('storage.full', `${what}: no space left`, { cause: error });
  // 55P03: the lock was not available in time.
  if (/^53/.test(code) || code === '55P03')
    return new CapError('overloaded', `${what}: ${(error as Error).message}`, { cause: error });
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT')
    return new CapError('storage.full', `${what}: no space left`, { cause: error });
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new CapError('overloaded', `${what}: the database is locked by somebody else`, { cause: error });
  if (/^SQLITE_(IOERR|CORRUPT|READONLY|CANTOPEN|NOTADB)/.test(code) || /^E[A-Z]+$/.test(code))
    return new CapError('storage.failed', `${what}: ${systemWords(error)}`, { cause: error });
  return error;
}

/** The database does not answer: nobody knows whether a commit that was under way took effect. */
export const unreachable = (error: unknown, what: string) =>
  new CapError('storage.unavailable', `${what}: ${(error as Error).message || String(error)}`, {
    cause: error,
  });

export const isStorageFailure = (error: unknown, kind: CapError['kind']): boolean =>
  isCapError(error) && error.kind === kind;

export async function asStorageError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error, what);
  }
}
