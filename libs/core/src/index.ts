/**
 * The base of all packages: errors with one table of their codes, canonical JSON (RFC 8785), days and instants (RFC 3339), the
 * members that all formats share. It imports none of ours. Start reading in codes.ts and errors.ts, then json.ts.
 * Entry points of their own: files.ts (files that survive a crash, and private ones) and errors.ts (without zod).
 */
export { isDate, isInstant, newestDay } from './calendar.js';
export {
  API_CODES,
  type ApiErrorCode,
  ERROR_CODES,
  type ErrorCode,
  EXIT,
  type ExitCode,
  exitOf,
  isApiCode,
  retryAfterOf,
  serviceExitOf,
  statusOf,
} from './codes.js';
export { CapError, isCapError, isRemoteError, type RemoteAnswer, remoteError, systemCode } from './errors.js';
export {
  isCanonicalJson,
  jcs,
  jcsText,
  type JsonObject,
  type JsonValue,
  parseAmbiguousJson,
  parseJson,
} from './json.js';
export { dayOrInstant, digest, DIGEST_PATTERN, instant, kid, type Verdict, VERDICTS } from './scalars.js';
