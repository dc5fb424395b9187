import { STATUS_CODES } from 'node:http';
import { type Problem } from '@cap/contracts';

/** Every code that a service answers with, and its status. Codes are a contract; details are for people. */
export const PROBLEMS = {
  'auth.missing': 401,
  'auth.invalid': 401,
  'auth.scope': 403,
  'auth.unavailable': 503,
  'request.schema': 400,
  'request.limit': 400,
  'request.too-large': 413,
  'request.media-type': 415,
  'request.not-acceptable': 406,
  'bundle.unreadable': 400,
  'bundle.limit': 413,
  'bundle.unknown': 404,
  'bundle.erased': 409,
  'policy.unknown': 404,
  'list.unknown': 404,
  'entry.unknown': 404,
  'list.empty': 422,
  'policy.invalid': 422,
  'option.unsupported': 422,
  'option.invalid': 422,
  'policy.conflict': 409,
  'list.conflict': 409,
  'idempotency.mismatch': 422,
  'idempotency.in-flight': 409,
  'rate.limited': 429,
  overloaded: 503,
  'registry.unavailable': 503,
  timeout: 504,
  'storage.full': 507,
  internal: 500,
  'route.unknown': 404,
  'method.not-allowed': 405,
} as const satisfies Record<string, number>;
export type ProblemCode = keyof typeof PROBLEMS;

/** Seconds after which a caller may try again, for the codes that always say so. */
const RETRY_AFTER: Partial<Record<string, number>> = {
  'auth.unavailable': 5,
  'rate.limited': 1,
  'idempotency.in-flight': 1,
  overloaded: 1,
  'registry.unavailable': 5,
};

/** Codes that come with Retry-After. */
export const RETRIED: ReadonlySet<string> = new Set(Object.keys(RETRY_AFTER));

/** An answer that is a problem: throw it anywhere below a request. `code` decides the status unless `status` is given. */
export class ProblemError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Particulars of bad input, e.g. every bad row of a list. */
  readonly errors: readonly unknown[] | undefined;
  constructor(
    readonly code: ProblemCode | (string & {}),
    detail: string,
    options: {
      status?: number;
      headers?: Record<string, string>;
      retryAfterSeconds?: number;
      errors?: readonly unknown[] | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProblemError';
    this.status = options.status ?? (PROBLEMS as Record<string, number>)[code] ?? 500;
    const retryAfter = options.retryAfterSeconds ?? RETRY_AFTER[code];
    this.headers = {
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }),
      ...options.headers,
    };
    this.errors = options.errors;
  }
}

/** What a body lists and says at most: an answer must not grow with the faults of a request, nor with what it quotes. */
const MOST_ERRORS = 100;
const LONGEST_DETAIL = 4_000;
const LONGEST_TEXT = 500;

export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;

const listed = (errors: readonly unknown[]): unknown[] => {
  const shown = JSON.stringify(errors.slice(0, MOST_ERRORS), (_name, value: unknown) =>
    typeof value === 'string' ? cut(value, LONGEST_TEXT) : value,
  );
  const left = errors.length - MOST_ERRORS;
  return [...(JSON.parse(shown) as unknown[]), ...(left > 0 ? [{ message: `and ${left} more` }] : [])];
};

export const toBody = (problem: ProblemError, requestId: string): Problem => ({
  type: `urn:cap:problem:${problem.code}`,
  title: STATUS_CODES[problem.status] ?? 'Error',
  status: problem.status,
  code: problem.code,
  detail: cut(problem.message, LONGEST_DETAIL),
  request_id: requestId,
  ...(problem.errors === undefined ? {} : { errors: listed(problem.errors) }),
});
