import { getSystemErrorMessage } from 'node:util';
import { CapError, systemCode } from './errors.js';

/** Whether the system says that a file or a directory on the way to it is not there. */
export const isMissing = (cause: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '');

/** The error that `file` can't be read: file.missing, file.forbidden, file.directory or, for I/O, file.unreadable. */
export function readError(file: string, cause: unknown): CapError {
  if (cause instanceof CapError) return cause;
  if (isMissing(cause)) return new CapError('file.missing', `no such file: ${file}`, { cause });
  switch (systemCode(cause)) {
    case 'EACCES':
    case 'EPERM':
      return new CapError('file.forbidden', `permission denied reading ${file}`, { cause });
    case 'EISDIR':
      return new CapError('file.directory', `expected a file, found a directory: ${file}`, { cause });
    default:
      return new CapError('file.unreadable', `can't read ${file}: ${systemWords(cause)}`, { cause });
  }
}

/** The system refuses to make a file or directory at its place; anything else is a failure of writing. */
const REFUSALS: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'EISDIR',
  'ENAMETOOLONG',
  'ENOTEMPTY',
]);

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
  const code = systemCode(cause);
  if (code === 'EEXIST') return new CapError('output.exists', `${file} already exists; not overwriting it`, { cause });
  return REFUSALS.has(code)
    ? new CapError('output.refused', `can't create ${file}: ${systemWords(cause)}`, { cause })
    : new CapError('output.failed', `can't write ${file}: ${systemWords(cause)}`, { cause });
}
