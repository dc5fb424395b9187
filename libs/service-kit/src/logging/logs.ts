import { type LoggerService } from '@nestjs/common';
import { type LogLevel, type LogLevels, levelOf, LOG_LEVELS } from '@cap/config';
import { createLogger, type Logger, transports } from 'winston';
import { LogOutput } from './log-output.js';
import { redactField, redactMessage } from './redact.js';

export type LogFields = Readonly<Record<string, unknown>>;

/** The log of one module: JSON lines with ts, level, service, module, msg and the fields. */
export interface ModuleLog {
  error(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  debug(msg: string, fields?: LogFields): void;
  trace(msg: string, fields?: LogFields): void;
  /** Whether a line of this level would be written, for fields that are costly to make. */
  enabled(level: LogLevel): boolean;
}

const RANK = Object.fromEntries(LOG_LEVELS.map((level, rank) => [level, rank])) as Record<LogLevel, number>;
const MESSAGE = Symbol.for('message');

/** What Nest itself tells while it starts; of interest only to someone who asks for `nest=info` or everything at debug. */
const NEST_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

/** nest-winston's names for what is a trace and an error here. */
const NEST_LEVELS = { verbose: RANK.trace, fatal: RANK.error };

export const DROPPED_LINES = 'cap_log_lines_dropped_total';
const COMPLAIN_MS = 3_600_000;

const isLevel = (level: string): level is LogLevel => Object.hasOwn(RANK, level);

/** The program's log: one stream of JSON lines, filtered per module, whose levels can change while it runs. */
export class Logs {
  private readonly winston: Logger;
  private levels: LogLevels;
  private thresholds = new Map<string, number>();

  /** Lines that nobody will read. */
  droppedLines = 0;
  private complained = -Infinity;

  /** `stream` stands in for stdout, for tests. */
  constructor(
    private readonly service: string,
    levels: LogLevels,
    stream?: NodeJS.WritableStream,
  ) {
    this.levels = levels;
    this.winston = createLogger({
      levels: { ...RANK, ...NEST_LEVELS },
      level: 'trace', // modules filter, not winston
      format: { transform: (info) => this.line(info as unknown as Record<string, unknown>) as never },
      transports: [new transports.Stream({ stream: stream ?? this.toStdout(), eol: '\n' })],
    });
  }

  for(module: string): ModuleLog {
    const write = (level: LogLevel) => (msg: string, fields?: LogFields) => {
      if (this.passes(level, module)) this.winston.log({ ...fields, level, message: msg, context: module });
    };
    return {
      error: write('error'),
      warn: write('warn'),
      info: write('info'),
      debug: write('debug'),
      trace: write('trace'),
      enabled: (level) => this.passes(level, module),
    };
  }

  /** Nest's logger, which writes to the same stream. */
  async nest(): Promise<LoggerService> {
    // nest-winston is CommonJS and requires Nest, which is ESM: that needs Nest to be evaluated already.
    const { WinstonModule } = await import('nest-winston');
    return WinstonModule.createLogger({ instance: this.winston });
  }

  setLevels(levels: LogLevels): void {
    this.levels = levels;
    this.thresholds = new Map();
  }

  /** A log that takes no lines is no reason to stop: they are counted, and stderr says so, but not again and again. */
  private toStdout(): LogOutput {
    const { stdout, stderr } = process; // asking for them is what makes a pipe not block
    return new LogOutput(stdout.fd, {
      dropped: (lines, why) => {
        this.droppedLines += lines;
        if (performance.now() - this.complained < COMPLAIN_MS) return;
        this.complained = performance.now();
        stderr.write(
          `${this.service}: the log can't be written (${why}): its lines are dropped and counted in ${DROPPED_LINES}, the service goes on\n`,
        );
      },
      again: (lines) => this.for('log').warn('the log could not be written, lines are lost', { lines }),
    });
  }

  private passes(level: LogLevel, module: string): boolean {
    let threshold = this.thresholds.get(module);
    if (threshold === undefined) {
      const named = NEST_CONTEXTS.has(module) && !this.levels.modules.has(module.toLowerCase()) ? 'nest' : module;
      let from = levelOf(this.levels, named);
      if (named === 'nest' && !this.levels.modules.has('nest') && from === 'info') from = 'warn';
      threshold = RANK[from];
      this.thresholds.set(module, threshold);
    }
    return RANK[level] <= threshold;
  }

  /** The JSON line of one record, or false when its module's level leaves it out. */
  private line(info: Record<string, unknown>): Record<string | symbol, unknown> | false {
    const { level, message, context, ...fields } = info;
    const known = isLevel(String(level)) ? (level as LogLevel) : level === 'verbose' ? 'trace' : 'error';
    const module = typeof context === 'string' ? context : 'service';
    if (!this.passes(known, module)) return false;
    const line: Record<string, unknown> = {
      ts: new Date().toISOString(),
      level: known,
      service: this.service,
      module,
      msg: redactMessage(String(message)),
    };
    // nest-winston adds a list with one undefined stack.
    if (Array.isArray(fields['stack'])) fields['stack'] = fields['stack'][0];
    for (const name in fields) if (fields[name] !== undefined) line[name] = redactField(name, fields[name]);
    return { level: known, [Symbol.for('level')]: known, [MESSAGE]: JSON.stringify(line) };
  }
}
