/**
 * What went wrong, in terms that both an HTTP service and a command line can answer with:
 * input     the caller's data is malformed (HTTP 4xx, exit 65)
 * missing   a named file or record does not exist (HTTP 404, exit 66)
 * refused   readable, but a check found a fault (exit 2)
 * usage     the command was used wrongly, or an option is not built yet (exit 64)
 * conflict  it clashes with what is already there (HTTP 409, exit 65)
 * busy      somebody else holds it, or it is overloaded; try again (HTTP 503, exit 75)
 * forbidden the caller or the file's mode does not allow it (HTTP 403, exit 77)
 * io        reading or writing failed (HTTP 500 or 507, exit 74; 73 when an output can't be made)
 * unavailable a service did not answer (HTTP 503, exit 69)
 * config    configuration is wrong (exit 78)
 */
export type ErrorKind =
  | 'input'
  | 'missing'
  | 'refused'
  | 'usage'
  | 'conflict'
  | 'busy'
  | 'forbidden'
  | 'io'
  | 'cannot-create'
  | 'unavailable'
  | 'config';

/** The one error base of the core libraries: a stable code (`bundle.unreadable`), a kind, a sentence that names the place. */
export class CapError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    options: { cause?: unknown; details?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CapError';
    this.details = options.details;
  }
  /** Machine-readable particulars, e.g. the list of bad rows. Never secret values. */
  readonly details: unknown;
}

export const isCapError = (error: unknown): error is CapError => error instanceof CapError;

/** The system's error code (ENOENT, ENOSPC, …) of an error, if it has one. */
export const systemCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
