import { getSystemErrorMessage } from 'node:util';
import { CommanderError } from 'commander';
import { type CapError, EXIT, type ExitCode, isCapError, systemCode } from '@cap/core';
import { type CliIo } from './io.js';
import { printable } from './printable.js';

/** What every registry has is not there: something else answers at that address. */
const isNoRegistry = ({ status, remote }: CapError): boolean =>
  remote?.service === 'registry' && status === 404 && ['route.unknown', 'request.refused'].includes(remote.code);
const NO_REGISTRY =
  '; what answers at --url is no registry (a verifier API knows only registry list, registry show and lists publish): name the registry itself';

const SYSTEM_EXITS: Record<string, ExitCode> = {
  ENOENT: EXIT.missing,
  EACCES: EXIT.forbidden,
  EPERM: EXIT.forbidden,
  EISDIR: EXIT.input,
  ENOTDIR: EXIT.missing,
  EEXIST: EXIT.cannotCreate,
  EROFS: EXIT.cannotCreate,
  ENOSPC: EXIT.io,
  EDQUOT: EXIT.io,
  EIO: EXIT.io,
  ECONNREFUSED: EXIT.unavailable,
  ECONNRESET: EXIT.unavailable,
  ENOTFOUND: EXIT.unavailable,
  ETIMEDOUT: EXIT.unavailable,
};

/** What went wrong, for a person and for a program. */
interface Failure {
  exit: ExitCode;
  /** Stable; null for an error that has none. */
  code: string | null;
  message: string;
  /** What the error lists: faults of a file, rows that break a rule. */
  details?: unknown;
  /** What the person reads; null if it was printed already. */
  text: string | null;
}

/**
 * Says on stderr what went wrong, with `json` also as one JSON value on stdout, and returns the exit code. Never 1: that is
 * the verdict `warn`.
 */
export async function reportFailure(error: unknown, io: CliIo, { json = false } = {}): Promise<ExitCode> {
  const { exit, code, message, details, text } = failureOf(error);
  if (exit === EXIT.ok) return exit;
  if (text !== null) io.err(`cap: ${text}\n`);
  if (json) await io.out(`${JSON.stringify({ error: { code, message, exit, details } }, null, 2)}\n`);
  return exit;
}

function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) {
    // commander has printed its own words already.
    const exit = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return { exit, code: 'usage', message: error.message.replace(/^error: /, ''), text: null };
  }
  if (isCapError(error)) {
    const { exit, details, remote } = error;
    const code = remote?.code ?? error.code;
    const message = `${error.message}${isNoRegistry(error) ? NO_REGISTRY : ''}`;
    return { exit, code, message, details, text: `${code}: ${faults(details) || words(message)}` };
  }
  const code = systemCode(error);
  if (code !== undefined && code in SYSTEM_EXITS) {
    const message = systemSentence(error as NodeJS.ErrnoException);
    return { exit: SYSTEM_EXITS[code]!, code, message, text: words(message) };
  }
  const text = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  return { exit: EXIT.internal, code: 'internal', message: text.split('\n', 1)[0]!, text };
}

/** A message may quote a bundle, a file or a service. It may have several lines. */
const words = (message: string): string => message.split('\n').map(printable).join('\n');

const ACTS: Record<string, string> = {
  open: 'open',
  read: 'read',
  scandir: 'read',
  stat: 'look at',
  lstat: 'look at',
  mkdir: 'make the directory',
  mkdtemp: 'make a directory at',
  rename: 'rename',
  unlink: 'remove',
  rmdir: 'remove',
};

/** An error of the system that no command has put into words: `can't make the directory /x: read-only file system`. */
function systemSentence({ errno, syscall, path, message }: NodeJS.ErrnoException): string {
  const why = errno === undefined ? undefined : getSystemErrorMessage(errno);
  if (why === undefined) return message;
  return path === undefined ? why : `can't ${ACTS[syscall ?? ''] ?? 'use'} ${path}: ${why}`;
}

interface Fault {
  file?: string;
  line?: number;
  column?: string | number | null;
  /** Code of a lint. */
  code?: string;
  message: string;
}
const isFault = (value: unknown): value is Fault =>
  typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';

/** All places of an error that has several, one a line: `file:line: column: code: message`. */
function faults(details: unknown): string {
  if (!Array.isArray(details) || details.length === 0 || !details.every(isFault)) return '';
  const lines = details.map(({ file, line, column, code, message }) => {
    const place = [file, line].filter((part) => part !== undefined).join(':');
    return `\n  ${printable([place, column, code, message].filter(Boolean).join(': '))}`;
  });
  return `${details.length === 1 ? '1 fault' : `${details.length} faults`}${lines.join('')}`;
}
