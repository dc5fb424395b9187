import type { LoggerService } from '@nestjs/common';
import type { LogLevel, LogLevels } from '@cap/config';
import { WinstonModule } from 'nest-winston';
import { createLogger, type Logger } from 'winston';
import { lineFormat, NEST_LEVELS } from './formats.js';
import { type LineOutput, LineTransport } from './line-transport.js';
import { LogOutput } from './log-output.js';
import { ModuleLevels, RANK } from './module-levels.js';

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

export const DROPPED_LINES = 'cap_log_lines_dropped_total';
const COMPLAIN_MS = 3_600_000;

/** The service's log: one stream of JSON lines by winston, filtered per module. Nest's own loggers write to it too. */
export class Logs {
  private readonly winston: Logger;
  private readonly levels: ModuleLevels;
  /** Lines that nobody will read. */
  droppedLines = 0;
  private complained = -Infinity;

  /** `output` replaces stdout in tests. */
  constructor(
    private readonly service: string,
    levels: LogLevels,
    output?: LineOutput,
  ) {
    this.levels = new ModuleLevels(levels);
    this.winston = createLogger({
      levels: { ...RANK, ...NEST_LEVELS },
      level: 'trace', // the format asks for the module's level
      format: lineFormat(service, this.levels),
      transports: [new LineTransport(output ?? this.toStdout())],
    });
  }

  for(module: string): ModuleLog {
    // Asked here, so that a suppressed line costs next to nothing: winston would build a record first.
    const write = (level: LogLevel) => (msg: string, fields?: LogFields) => {
      if (this.levels.pass(level, module)) this.winston.log({ ...fields, level, message: msg, context: module });
    };
    return {
      error: write('error'),
      warn: write('warn'),
      info: write('info'),
      debug: write('debug'),
      trace: write('trace'),
      enabled: (level) => this.levels.pass(level, module),
    };
  }

  /** For `NestFactory.create({ logger })`. */
  nest(): LoggerService {
    return WinstonModule.createLogger({ instance: this.winston });
  }

  setLevels(levels: LogLevels): void {
    this.levels.set(levels);
  }

  /** A log that can't be written doesn't stop the service: lines are counted, and stderr says so once an hour at most. */
  private toStdout(): LogOutput {
    const { stdout, stderr } = process; // reading these properties makes a pipe non-blocking
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
}
