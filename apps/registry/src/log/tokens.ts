/** The log's keys (LogKeys), as Nest injects them. */
export const LOG_KEYS = Symbol('keys of the log');
