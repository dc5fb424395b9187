import { getSystemErrorMessage } from 'node:util';
import { CommanderError } from 'commander';
import { type ErrorKind } from '@cap/core';
import { EXIT, EXIT_OF_KIND, exitOfHttpStatus, type ExitCode } from './exit-codes.js';
import { type CliIo } from './io.js';
import { printable } from './printable.js';

/** An error that already knows its exit code, such as an answer of a service. */
export class RemoteError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    /** Stable code of the problem body. */
    readonly code?: string,
  ) {
    super(message);
    this.name = 'RemoteError';
  }
}

/** A CapError, or another library's error that follows its form. */
interface TypedError extends Error {
  kind: ErrorKind;
  code: string;
  details?: unknown;
}
// By shape, not by class: the frame must not load the libraries before a command needs them.
const isTyped = (error: unknown): error is TypedError =>
  error instanceof Error &&
  'kind' in error &&
  typeof error.kind === 'string' &&
  error.kind in EXIT_OF_KIND &&
  'code' in error;

/** The registry client's error: the registry's answer, or `registry.unavailable` if there was none. */
interface ServiceErrorShape extends Error {
  status: number;
  code: string;
}
const isServiceError = (error: unknown): error is ServiceErrorShape =>
  error instanceof Error && error.name === 'ServiceError' && 'status' in error && 'code' in error;

/** What every registry has is not there: something else answers at that address. */
const namesNoRoute = ({ status, code }: ServiceErrorShape): boolean =>
  status === 404 && (code === 'route.unknown' || code === 'request.refused');
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
  if (error instanceof RemoteError) {
    const { exitCode: exit, code = null, message } = error;
    return { exit, code, message, text: words(message) };
  }
  if (isTyped(error)) {
    const { code, message, details, kind } = error;
    const text = `${code}: ${faults(details) || words(message)}`;
    return { exit: EXIT_OF_KIND[kind], code, message, details, text };
  }
  if (isServiceError(error)) {
    const message = `${error.message}${namesNoRoute(error) ? NO_REGISTRY : ''}`;
    const exit = error.code === 'registry.unavailable' ? EXIT.unavailable : exitOfHttpStatus(error.status, error.code);
    return { exit, code: error.code, message, text: words(message) };
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

const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

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
