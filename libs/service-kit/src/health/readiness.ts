import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import {
  type HealthCheckResult,
  HealthCheckService,
  type HealthIndicatorFunction,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { Logs, type ModuleLog } from '../logging/logs.js';

/** Resolves if the dependency is usable; otherwise the error's message says what is missing. */
export type ReadinessCheck = () => void | Promise<void>;

export interface ReadinessOptions {
  /**
   * For a dependency that all instances share and can do without for a while: taking all of them off their load balancer while it
   * is unavailable would only make the outage larger.
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
  /** The check in progress. One that hangs is not started again: each attempt would occupy another of the few file-system threads. */
  running: Promise<void> | null;
}

/**
 * What the service needs before it can answer: the health indicators that Terminus runs for /readyz and `cap_ready`. Apps add theirs
 * in a constructor or onModuleInit. Terminus' own `attempt()` is not used: it adds response times to the answer, and starts a hanging check again.
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

  /** Whether the service carries on without this dependency, which is missing now. */
  isBridged(name: string): boolean {
    const indicator = this.indicators.get(name);
    return indicator !== undefined && indicator.onceIsEnough && indicator.reached;
  }

  /** Terminus throws its report if a check failed; both controllers and metrics want it as a value. */
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

  /** Logs what is missing whenever that differs from the last check. */
  private logChange({ error = {} }: HealthCheckResult): void {
    // Compared by name: a reason may contain a number that differs each time.
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
