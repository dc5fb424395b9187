/**
 * @cap/core/files: Files: written so that they survive a crash, read within bounds, only by their owner where they hold secrets, and what to say
 * when the system refuses.
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
