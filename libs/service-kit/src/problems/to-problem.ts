import { HttpException } from '@nestjs/common';
import { isServiceError, type ServiceError } from '@cap/contracts';
import { type ProblemCode, PROBLEMS, ProblemError } from './problem.js';

/** Status of an error of the core libraries by its kind, when its code is not in the table. */
const KIND_STATUS: Readonly<Record<string, number>> = {
  input: 400,
  missing: 404,
  refused: 422,
  usage: 422,
  conflict: 409,
  busy: 503,
  forbidden: 403,
  unavailable: 503,
};

/** Fastify's own errors that are the caller's fault. */
const FASTIFY: Readonly<Record<string, [code: ProblemCode, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['request.too-large', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['request.media-type', 'The Content-Type is not one that this route takes.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['request.schema', 'The body is not as long as its Content-Length says.'],
  FST_ERR_BAD_URL: ['request.schema', 'The URL can not be decoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['request.schema', 'A part of the path is too long.'],
  FST_REQ_FILE_TOO_LARGE: ['request.too-large', 'The file is larger than this route takes.'],
  FST_PARTS_LIMIT: ['request.too-large', 'The form has more parts than this route takes.'],
  FST_FILES_LIMIT: ['request.too-large', 'The form has more files than this route takes.'],
  FST_FIELDS_LIMIT: ['request.too-large', 'The form has more fields than this route takes.'],
  FST_PROTO_VIOLATION: ['request.schema', 'body: a part of the form has a name that is not taken.'],
  FST_INVALID_JSON_FIELD_ERROR: ['request.schema', 'body: a field of the form is not the JSON that it says it is.'],
  FST_MP_PREMATURE_CLOSE: ['request.schema', 'body: the form ends in the middle.'],
  FST_INVALID_MULTIPART_CONTENT_TYPE: ['request.media-type', 'Expected multipart/form-data.'],
};

/** Nest's own exceptions by status. Ours are ProblemErrors, so these come from the framework. */
const NEST: Readonly<Record<number, ProblemCode>> = {
  400: 'request.schema',
  401: 'auth.invalid',
  403: 'auth.scope',
  404: 'route.unknown',
  405: 'method.not-allowed',
  413: 'request.too-large',
  415: 'request.media-type',
  503: 'overloaded',
};

const INTERNAL = 'The service could not finish this request. Its log has the cause under this request id.';

/** A table's own entry: what is looked up may come from anywhere, `constructor` included. */
const entry = <T>(table: Readonly<Record<string, T>>, key: string | number): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

const text = (value: unknown, name: string): string | undefined => {
  const member = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return typeof member === 'string' ? member : undefined;
};

const listOf = (details: unknown): unknown[] | undefined => (details === undefined ? undefined : [details].flat());

/** Codes of an internal call that say something of this service, not of its caller. What a caller's cursor is wrong in, only the registry knows. */
const OWN_FAULT = /^(internal$|auth\.|request\.(?!schema$)|route\.|method\.)/;

const UNAVAILABLE = 'The registry can not be used now.';

/** What the registry said, where it concerns the caller (an unknown id, a conflict, a full disk); else that it can't be used now. */
function ofInternalCall(error: ServiceError): ProblemError {
  const { code, detail, status, retryAfter } = error;
  const again = retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter };
  // Its detail is for operators: it names the registry's address. The log has it as the cause.
  if (code === 'registry.unavailable') return new ProblemError(code, UNAVAILABLE, { cause: error, ...again });
  if (entry<number>(PROBLEMS, code) !== undefined && !OWN_FAULT.test(code))
    return new ProblemError(code, detail, { cause: error, ...again });
  if (status >= 500 || status === 401 || status === 403)
    return new ProblemError('registry.unavailable', UNAVAILABLE, { cause: error });
  return new ProblemError('internal', INTERNAL, { cause: error });
}

/**
 * What is answered for an error. Known errors keep their code and sentence; everything else is `internal` without details,
 * with the error as cause for the log. Errors of the core libraries are known by shape ({kind, code}), not by class. An
 * `internal` caller, another service or the operator, is told too what could not be read or written.
 */
export function toProblem(error: unknown, { internal = false } = {}): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isServiceError(error)) return ofInternalCall(error);
  const code = text(error, 'code');
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL')
    return new ProblemError('storage.full', 'There is no room to store this.', { cause: error });
  const kind = text(error, 'kind');
  if (kind !== undefined && code !== undefined && error instanceof Error) {
    const status = entry<number>(PROBLEMS, code) ?? entry(KIND_STATUS, kind);
    if (kind === 'io' && internal && status === undefined)
      return new ProblemError(code, error.message, { status: 500, cause: error });
    if (status !== undefined && status !== 500)
      return new ProblemError(code, error.message, {
        status,
        errors: listOf((error as { details?: unknown }).details),
        cause: error,
      });
  }
  const known = code === undefined ? undefined : entry(FASTIFY, code);
  if (known) {
    const [problem, detail] = known;
    return new ProblemError(problem, detail, { cause: error });
  }
  if (error instanceof HttpException) {
    const problem = entry(NEST, error.getStatus());
    if (problem) return new ProblemError(problem, error.message, { cause: error });
  }
  return new ProblemError('internal', INTERNAL, { cause: error });
}
