export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What `server.log_level`, LOG_LEVEL or RUST_LOG say: a level for everything and levels for single modules. */
export interface LogLevels {
  readonly default: LogLevel;
  /** Module names in lower case. */
  readonly modules: ReadonlyMap<string, LogLevel>;
}

const EXPECTED = `expected a level (${LOG_LEVELS.join(', ')}) or a list module=level,…`;
const isLevel = (text: string): text is LogLevel => (LOG_LEVELS as readonly string[]).includes(text);

/**
 * Parses `info`, `http=debug,auth=trace` or both mixed (`warn,http=debug`); what names no level for everything means info.
 * Throws a RangeError that says what was expected.
 */
export function parseLogLevels(text: string): LogLevels {
  let fallback: LogLevel | undefined;
  const modules = new Map<string, LogLevel>();
  for (const part of text.split(',')) {
    const match = /^\s*(?:([\w.:-]+)\s*=\s*)?([A-Za-z]+)\s*$/.exec(part);
    const level = match?.[2]?.toLowerCase() ?? '';
    if (!match || !isLevel(level)) throw new RangeError(EXPECTED);
    const module = match[1]?.toLowerCase();
    if (module === undefined) {
      if (fallback !== undefined) throw new RangeError(`${EXPECTED}, with one level for everything`);
      fallback = level;
    } else modules.set(module, level);
  }
  return { default: fallback ?? 'info', modules };
}

export const levelOf = (levels: LogLevels, module: string): LogLevel =>
  levels.modules.get(module.toLowerCase()) ?? levels.default;
