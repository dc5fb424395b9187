import { CapError } from '@cap/core';

/** One thing that is wrong: where it was set, which key, and what was expected there. */
export interface ConfigProblem {
  /** A file path, `environment variable NAME`, `flag --name`, or `default`. */
  readonly source: string;
  /** Dotted key, `server.bind`; empty when the whole source is meant. */
  readonly key: string;
  /** What was expected, in words. Never a value that could be secret. */
  readonly expected: string;
}

/** Configuration that can't be used: every problem at once. Programs end with exit 78. */
export class ConfigError extends CapError {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      'config.invalid',
      problems
        .map(({ source, key, expected }) => (key ? `${source}: ${key}: ${expected}` : `${source}: ${expected}`))
        .join('\n'),
    );
    this.name = 'ConfigError';
  }
}
