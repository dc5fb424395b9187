import { HttpException } from '@nestjs/common';
import { type ApiErrorCode, CapError, isApiCode, isCapError, isRemoteError, systemCode } from '@cap/core';

/** Fastify's own errors that are the caller's fault. */
const FASTIFY: Readonly<Record<string, [code: ApiErrorCode, detail: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['request.media-type', 'This route does not accept this Content-Type.'],
  FST_ERR_BAD_URL: ['request.schema', "The URL can't be decoded."],
  FST_ERR_MAX_PARAM_LENGTH: ['request.schema', 'A part of the path is too long.'],
  FST_REQ_FILE_TOO_LARGE: ['request.too-large', 'The file is larger than this route accepts.'],
  FST_PARTS_LIMIT: ['request.too-large', 'The form has more parts than this route accepts.'],
  FST_FILES_LIMIT: ['request.too-large', 'The form has more files than this route accepts.'],
  FST_FIELDS_LIMIT: ['request.too-large', 'The form has more fields than this route accepts.'],
  FST_PROTO_VIOLATION: ['request.schema', 'body: a part of the form has a name that is not accepted.'],
  FST_INVALID_JSON_FIELD_ERROR: ['request.schema', 'body: a field of the form is not the JSON that it says it is.'],
  FST_MP_PREMATURE_CLOSE: ['request.schema', 'body: the form ends in the middle.'],
  FST_INVALID_MULTIPART_CONTENT_TYPE: ['request.media-type', 'Expected multipart/form-data.'],
};

/** Nest's own exceptions by status. Ours are CapErrors, so these come from the framework. */
const NEST: Readonly<Record<number, ApiErrorCode>> = {
  400: 'request.schema',
  401: 'auth.invalid',
  403: 'auth.scope',
  404: 'route.unknown',
  405: 'method.not-allowed',
  413: 'request.too-large',
  415: 'request.media-type',
  503: 'overloaded',
};

/** A table's own entry: the key may be anything, `constructor` included. */
const entry = <T>(table: Readonly<Record<string, T>>, key: string | number): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Codes of an internal call that are this service's fault, not its caller's. (request.schema may be the caller's: only the registry can check a cursor.) */
const OWN_FAULT = /^(internal$|auth\.|request\.(?!schema$)|route\.|method\.)/;

/** The registry's own problem, if it concerns the caller (an unknown id, a conflict, a full disk); else registry.unavailable or internal. */
function ofInternalCall(error: CapError): CapError {
  const { code, message, status, retryAfter } = error;
  // The original message is for operators, because it names the registry's address: the log has it as the cause.
  const unavailable = (after?: number) =>
    new CapError('registry.unavailable', 'The registry is currently unavailable.', { cause: error, retryAfter: after });
  if (code === 'registry.unavailable') return unavailable(retryAfter);
  if (isApiCode(code) && !OWN_FAULT.test(code)) return new CapError(code, message, { cause: error, retryAfter });
  if (status >= 500 || status === 401 || status === 403) return unavailable();
  return internalError(error);
}

const internalError = (cause: unknown): CapError =>
  new CapError('internal', 'The service could not finish this request. Its log has the cause under this request id.', {
    cause,
  });

/**
 * The problem that answers an error. A CapError keeps its code and message if it may be exposed: what could not be read, written or
 * configured is shown only to another service or the operator (an `internal` caller). Everything else becomes `internal` without
 * details, with the error as its cause, for the log.
 */
export function toProblem(error: unknown, { internal = false } = {}): CapError {
  if (isRemoteError(error)) return ofInternalCall(error);
  if (isCapError(error)) return error.expose || internal ? error : internalError(error);
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL')
    return new CapError('storage.full', 'There is no room to store this.', { cause: error });
  const known = code === undefined ? undefined : entry(FASTIFY, code);
  if (known) {
    const [problem, detail] = known;
    return new CapError(problem, detail, { cause: error });
  }
  if (error instanceof HttpException) {
    const problem = entry(NEST, error.getStatus());
    if (problem) return new CapError(problem, error.message, { cause: error });
  }
  return internalError(error);
}
