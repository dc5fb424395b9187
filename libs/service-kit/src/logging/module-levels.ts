import { type LogLevel, type LogLevels, levelOf, LOG_LEVELS } from '@cap/config';

export const RANK = Object.fromEntries(LOG_LEVELS.map((level, rank) => [level, rank])) as Record<LogLevel, number>;

/** Loggers of Nest's own start-up messages; written only with `nest=info`, or everything at debug. */
const NEST_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

/** The level of each module, which can change while the service runs. */
export class ModuleLevels {
  private readonly thresholds = new Map<string, number>();

  constructor(private levels: LogLevels) {}

  set(levels: LogLevels): void {
    this.levels = levels;
    this.thresholds.clear();
  }

  /** Whether a line of this level and module is written. */
  pass(level: LogLevel, module: string): boolean {
    let threshold = this.thresholds.get(module);
    if (threshold === undefined) {
      threshold = RANK[this.levelOf(module)];
      this.thresholds.set(module, threshold);
    }
    return RANK[level] <= threshold;
  }

  private levelOf(module: string): LogLevel {
    if (!NEST_CONTEXTS.has(module) || this.levels.modules.has(module.toLowerCase()))
      return levelOf(this.levels, module);
    const level = levelOf(this.levels, 'nest');
    return level === 'info' && !this.levels.modules.has('nest') ? 'warn' : level;
  }
}
