import { getSystemErrorMessage } from 'node:util';

/** One thing that is wrong: where it was said, which key, and what was expected there. */
export interface ConfigProblem {
  /** A file path, `environment variable NAME`, `flag --name`, or `default`. */
  readonly source: string;
  /** Dotted key, `server.bind`; empty when the whole source is meant. */
  readonly key: string;
  /** What was expected, in words. Never a value that could be secret. */
  readonly expected: string;
}

/** Configuration that can't be used: every problem at once. Programs end with exit 78. */
export class ConfigError extends Error {
  readonly kind = 'config';
  readonly code = 'config.invalid';
  readonly exitCode = 78;
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(({ source, key, expected }) => (key ? `${source}: ${key}: ${expected}` : `${source}: ${expected}`))
        .join('\n'),
    );
    this.name = 'ConfigError';
  }
}

/** A command line that can't be understood. Programs end with exit 64. */
export class UsageError extends Error {
  readonly kind = 'usage';
  readonly code = 'usage';
  readonly exitCode = 64;
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** The system's words for why a file can't be read, without its path, which stands beside them. */
export function systemWords(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return (errno === undefined ? undefined : getSystemErrorMessage(errno)) ?? message;
}
