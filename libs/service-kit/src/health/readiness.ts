import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import {
  type HealthCheckResult,
  HealthCheckService,
  type HealthIndicatorFunction,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { Logs, type ModuleLog } from '../logging/logs.js';

/** Resolves when the thing is usable; the error's message says what is missing. */
export type ReadinessCheck = () => void | Promise<void>;

export interface ReadinessOptions {
  /**
   * Of something that every instance shares and has an answer without: taking all of them off their load balancer while it is away
   * would only make the outage larger.
   */
  readonly onceIsEnough?: boolean;
  readonly timeoutMs?: number;
}

const CHECK_TIMEOUT_MS = 2_000;

interface Indicator {
  readonly check: ReadinessCheck;
  readonly onceIsEnough: boolean;
  readonly timeoutMs: number;
  /** It has passed since the start. */
  reached: boolean;
  /** The check in progress: a hanging one is not started again, or each look would take another of the few threads for files. */
  running: Promise<void> | null;
}

/**
 * What the service needs before it can answer: the health indicators that Terminus runs for /readyz and `cap_ready`. Apps add theirs
 * in a constructor or onModuleInit. Terminus' own `attempt()` tells how long each took, and begins again what still hangs.
 */
@Injectable()
export class Readiness {
  private readonly indicators = new Map<string, Indicator>();
  private readonly log: ModuleLog;
  private stopping = false;
  private lastMissing = '';

  constructor(
    private readonly health: HealthCheckService,
    private readonly results: HealthIndicatorService,
    logs: Logs,
  ) {
    this.log = logs.for('service');
  }

  /** `name` is shown by /readyz: `database`, `blobs`, `registry`, … */
  add(
    name: string,
    check: ReadinessCheck,
    { onceIsEnough = false, timeoutMs = CHECK_TIMEOUT_MS }: ReadinessOptions = {},
  ): void {
    if (this.indicators.has(name)) throw new Error(`There is a readiness check named ${name} already`);
    this.indicators.set(name, { check, onceIsEnough, timeoutMs, reached: false, running: null });
  }

  /** From now on the service is not ready, whatever the checks say. */
  stop(): void {
    this.stopping = true;
  }

  /** Runs every check. What fails is in `error`, with the reason; a check that takes too long fails. */
  async check(): Promise<HealthCheckResult> {
    if (this.stopping) return this.report([() => this.results.check('shutdown').down('the service is shutting down')]);
    const result = await this.report([...this.indicators].map((indicator) => () => this.run(...indicator)));
    this.logChange(result);
    return result;
  }

  /** Whether the service goes on without it, though it is missing now. */
  isBridged(name: string): boolean {
    const indicator = this.indicators.get(name);
    return indicator !== undefined && indicator.onceIsEnough && indicator.reached;
  }

  /** Terminus throws its report of what failed, for Nest to answer it as an error. Here it is one answer like the other. */
  private async report(indicators: HealthIndicatorFunction[]): Promise<HealthCheckResult> {
    try {
      return await this.health.check(indicators);
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return error.getResponse() as HealthCheckResult;
    }
  }

  private async run(name: string, indicator: Indicator): Promise<HealthIndicatorResult> {
    const result = this.results.check(name);
    const { timeoutMs } = indicator;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      await Promise.race([this.begin(indicator), late]);
      indicator.reached = true;
      return result.up();
    } catch (error) {
      return result.down(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  private begin(indicator: Indicator): Promise<void> {
    return (indicator.running ??= Promise.resolve()
      .then(indicator.check)
      .finally(() => (indicator.running = null)));
  }

  /** Logs what is missing each time it is something else than the last time somebody asked. */
  private logChange({ error = {} }: HealthCheckResult): void {
    // By the names: a reason may hold a number that is another each time.
    const names = Object.keys(error).join();
    if (names === this.lastMissing) return;
    this.lastMissing = names;
    const missing = Object.fromEntries(
      Object.entries(error).map(([name, result]) => [name, result?.['message'] as unknown]),
    );
    if (names === '') this.log.info('ready again');
    else this.log.warn('not ready', { missing });
  }
}
