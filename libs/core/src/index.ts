/**
 * The base of all packages: errors with one table of their codes, canonical JSON (RFC 8785), days and instants (RFC 3339), the members that all formats share, files that survive a crash and
 * files that only their owner may read. It imports none of ours. Start reading in codes.ts and errors.ts, then json.ts and durable.ts.
 */
export { boundedBytes } from './bounded-read.js';
export { isDate, isInstant, newestDay } from './calendar.js';
export {
  type DurableOptions,
  makeDirectoryDurable,
  publishFile,
  removeTemporaries,
  syncDirectory,
  TEMPORARY_PREFIX,
  temporaryName,
  writeDurable,
  writeFileDurable,
} from './durable.js';
export {
  API_CODES,
  type ApiErrorCode,
  ERROR_CODES,
  type ErrorCode,
  type ErrorKind,
  EXIT,
  type ExitCode,
  exitOf,
  exitOfHttpStatus,
  isApiCode,
  isErrorCode,
  kindOf,
  retryAfterOf,
  serviceExitOf,
  statusOf,
} from './codes.js';
export { CapError, isCapError, isRemoteError, type RemoteAnswer, remoteError, systemCode } from './errors.js';
export { isMissing, readError, systemWords, writeError } from './file-errors.js';
export {
  isCanonicalJson,
  jcs,
  jcsText,
  type JsonObject,
  type JsonValue,
  parseAmbiguousJson,
  parseJson,
} from './json.js';
export { isPrivateFile, requirePrivateFile } from './private-file.js';
export { readRegularFile } from './regular-file.js';
export { dayOrInstant, digest, DIGEST_PATTERN, instant, kid, type Verdict, VERDICTS } from './scalars.js';
