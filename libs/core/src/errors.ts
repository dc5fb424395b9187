import {
  type ErrorCode,
  type ErrorKind,
  exitOf,
  exitOfHttpStatus,
  type ExitCode,
  isErrorCode,
  kindOf,
  retryAfterOf,
  statusOf,
} from './codes.js';

/** This file is an entry point of its own, for a program that must start without schemas (zod). */
export { EXIT, type ExitCode } from './codes.js';

/** What another service answered instead of success. */
export interface RemoteAnswer {
  /** HTTP status; null if no answer came. */
  readonly status: number | null;
  /** The code of the problem body, which a newer service may have and this version not. */
  readonly code: string;
  /** Id under which the service's log has the call. */
  readonly requestId?: string | undefined;
  /** Which service was asked, where its client is made for one. */
  readonly service?: 'registry' | undefined;
}

interface CapErrorOptions {
  readonly cause?: unknown;
  /** Machine-readable particulars, e.g. the list of bad rows. Never secret values. */
  readonly details?: unknown;
  /** HTTP status, where it is not the one of the code. */
  readonly status?: number | undefined;
  /** Whether clients see code and message; by default yes, except for 500s. */
  readonly expose?: boolean;
  /** Seconds after which a caller may try again, if not the code's default. */
  readonly retryAfter?: number | undefined;
  /** Headers of an HTTP answer with this error. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly remote?: RemoteAnswer;
}

/**
 * The one error of all packages: a stable code from the table in codes.ts, and a message that names the place. It crosses the
 * wire as a problem body (RFC 9457); the client of a service reconstructs it from that, with `remote`.
 */
export class CapError extends Error {
  readonly kind: ErrorKind;
  readonly details: unknown;
  readonly status: number;
  readonly expose: boolean;
  readonly retryAfter: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly remote: RemoteAnswer | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { cause, details, status, expose, retryAfter, headers = {}, remote }: CapErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CapError';
    this.kind = kindOf(code);
    this.details = details;
    this.status = status ?? remote?.status ?? statusOf(code);
    this.expose = expose ?? this.status !== 500;
    // Never invent a Retry-After that the service did not send.
    this.retryAfter = retryAfter ?? (remote === undefined ? retryAfterOf(code) : undefined);
    this.headers = headers;
    this.remote = remote;
  }

  /** The exit code of a command. After an answer from another service, its HTTP status decides. */
  get exit(): ExitCode {
    const { code, remote } = this;
    return remote === undefined || remote.status === null ? exitOf(code) : exitOfHttpStatus(remote.status, remote.code);
  }
}

export const isCapError = (error: unknown): error is CapError => error instanceof CapError;

/** Rebuilds the error that another service answered. A newer service may have codes that this version does not know. */
export function remoteError(
  remote: RemoteAnswer & { readonly status: number },
  message: string,
  options: Pick<CapErrorOptions, 'retryAfter'> = {},
): CapError {
  return new CapError(isErrorCode(remote.code) ? remote.code : 'service.failed', message, { ...options, remote });
}

/** Whether another service answered with this error, or did not answer (`registry.unavailable`). */
export const isRemoteError = (error: unknown): error is CapError & { readonly remote: RemoteAnswer } =>
  isCapError(error) && error.remote !== undefined;

/** The system's error code (ENOENT, ENOSPC, …) of an error, if it has one. */
export const systemCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
