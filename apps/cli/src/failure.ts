import { getSystemErrorMessage } from 'node:util';
import { CommanderError } from '@commander-js/extra-typings';
import { EXIT, type ExitCode, isCapError, systemCode } from '@cap/core/errors';
import type { CliIo } from './io.js';
import { printable } from './printable.js';

/** Errors of the system that no verb has translated. */
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
  /** Stable. */
  code: string;
  message: string;
  /** What the error lists: faults of a file, rows that break a rule. */
  details?: unknown;
  /** What the person reads; null if it has been printed. */
  text: string | null;
}

/**
 * Prints an error on stderr, with `json` also as one JSON value on stdout, and returns the exit code. It is never 1, which
 * is the verdict `warn`.
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
    // commander has printed its message. Codes other than its own are those of `Command.error`.
    const exit = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const code = error.code.startsWith('commander.') ? 'usage' : error.code;
    return { exit, code, message: error.message.replace(/^error: /, ''), text: null };
  }
  if (isCapError(error)) {
    const { exit, message, details, remote } = error;
    const code = remote?.code ?? error.code;
    const request = remote?.requestId === undefined ? '' : ` (request ${remote.requestId})`;
    return { exit, code, message, details, text: `${code}: ${faults(details) || printableLines(message + request)}` };
  }
  const code = systemCode(error);
  if (code !== undefined && code in SYSTEM_EXITS) {
    const message = systemSentence(error as NodeJS.ErrnoException);
    return { exit: SYSTEM_EXITS[code]!, code, message, text: printableLines(message) };
  }
  const text = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  return { exit: EXIT.internal, code: 'internal', message: text.split('\n', 1)[0]!, text };
}

/** A message may have several lines, and quote a bundle, a file or a service. */
const printableLines = (message: string): string => message.split('\n').map(printable).join('\n');

const ACTIONS: Record<string, string> = {
  open: 'open',
  read: 'read',
  scandir: 'read',
  stat: 'read the status of',
  lstat: 'read the status of',
  mkdir: 'create the directory',
  mkdtemp: 'create a directory at',
  rename: 'rename',
  unlink: 'remove',
  rmdir: 'remove',
};

/** For instance `can't create the directory /x: read-only file system`. */
function systemSentence({ errno, syscall, path, message }: NodeJS.ErrnoException): string {
  const why = errno === undefined ? undefined : getSystemErrorMessage(errno);
  if (why === undefined) return message;
  return path === undefined ? why : `can't ${ACTIONS[syscall ?? ''] ?? 'use'} ${path}: ${why}`;
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

/** The faults that an error lists, one a line: `file:line: column: code: message`. */
function faults(details: unknown): string {
  if (!Array.isArray(details) || details.length === 0 || !details.every(isFault)) return '';
  const lines = details.map(({ file, line, column, code, message }) => {
    const place = [file, line].filter((part) => part !== undefined).join(':');
    return `\n  ${printable([place, column, code, message].filter(Boolean).join(': '))}`;
  });
  return `${details.length === 1 ? '1 fault' : `${details.length} faults`}${lines.join('')}`;
}
