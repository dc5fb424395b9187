/**
 * @cap/core/files: writes files that survive a crash, reads files within bounds, lets only the owner read those with secrets, and turns the
 * system's errors into messages.
 */
export { boundedBytes } from './bounded-read.js';
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
export { isMissing, readError, systemWords, writeError } from './file-errors.js';
export { isPrivateFile, requirePrivateFile } from './private-file.js';
export { readRegularFile } from './regular-file.js';
