import { CapError, isCapError, systemCode } from '@cap/crypto';

/** The driver's or the file system's error as a CapError; others are passed through. */
export function storageError(error: unknown, what: string): unknown {
  if (isCapError(error)) return error;
  const code = systemCode(error);
  if (code === undefined) return error;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT')
    return new CapError('io', 'storage.full', `${what}: no space left`, { cause: error });
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new CapError('busy', 'overloaded', `${what}: the database is locked by somebody else`, { cause: error });
  if (/^SQLITE_(IOERR|CORRUPT|READONLY|CANTOPEN|NOTADB)/.test(code) || /^E[A-Z]+$/.test(code))
    return new CapError('io', 'storage.failed', `${what}: ${(error as Error).message}`, { cause: error });
  return error;
}

export async function asStorageError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error, what);
  }
}
