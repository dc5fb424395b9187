import { getSystemErrorMessage } from 'node:util';
import { CapError, systemCode, type ErrorKind } from './errors.js';

/** Kind of the error that a file can't be read: not there, not allowed, a directory where a file was expected, or I/O. */
export function readErrorKind(cause: unknown): ErrorKind {
  switch (systemCode(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'missing';
    case 'EACCES':
    case 'EPERM':
      return 'forbidden';
    case 'EISDIR':
      return 'input';
    default:
      return 'io';
  }
}

/** Kind of the error that a file or directory can't be written: it can't be made at its place, or writing it failed. */
export function writeErrorKind(cause: unknown): ErrorKind {
  switch (systemCode(cause)) {
    case 'EEXIST':
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EISDIR':
    case 'ENAMETOOLONG':
    case 'ENOTEMPTY':
      return 'cannot-create';
    default:
      return 'io';
  }
}

/**
 * The system's words for an error, such as `permission denied`, without a path: durable files are written under another
 * name first, which means nothing to whoever asked for the file.
 */
export function systemWords(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null && 'errno' in cause && typeof cause.errno === 'number')
    return getSystemErrorMessage(cause.errno) ?? String(systemCode(cause));
  return cause instanceof Error ? cause.message : String(cause);
}

/** The error that `file` can't be written, with exit 73 or 74. It names the file that was asked for. */
export function writeError(file: string, cause: unknown): CapError {
  if (cause instanceof CapError) return cause;
  if (systemCode(cause) === 'EEXIST')
    return new CapError('cannot-create', 'output.exists', `${file} is there already, it is not overwritten`, { cause });
  const kind = writeErrorKind(cause);
  return kind === 'cannot-create'
    ? new CapError(kind, 'output.refused', `can't create ${file}: ${systemWords(cause)}`, { cause })
    : new CapError(kind, 'output.failed', `can't write ${file}: ${systemWords(cause)}`, { cause });
}
