/** Resolves when the thing is usable; the error's message says what is missing. */
export type ReadinessCheck = () => void | Promise<void>;

export interface ReadinessResult {
  name: string;
  /** Why the check fails, or null. */
  missing: string | null;
  /** Whether the service goes on without it. */
  bridged: boolean;
}

const CHECK_TIMEOUT_MS = 2_000;

/** What the service needs before it can answer. Apps add their checks in a constructor or onModuleInit. */
export class Readiness {
  private readonly checks = new Map<string, { check: ReadinessCheck; onceIsEnough: boolean }>();
  /** Names of the checks that have passed since the start. */
  private readonly reached = new Set<string>();
  /** Those under way: one that hangs is not begun again, or each look would take another of the few threads for files. */
  private readonly running = new Map<ReadinessCheck, Promise<void>>();
  private stopping = false;
  private lastMissing = '';

  /** `changed` is told what is missing each time it is something else than the last time somebody asked; `{}`: nothing. */
  constructor(
    private readonly changed: (missing: Record<string, string>) => void = () => undefined,
    private readonly timeoutMs = CHECK_TIMEOUT_MS,
  ) {}

  /**
   * `name` is shown by /readyz: `database`, `blobs`, `registry`, … `onceIsEnough`: something that every instance shares and has an
   * answer without, so that taking all of them off their load balancer while it is away would only make the outage larger.
   */
  add(name: string, check: ReadinessCheck, { onceIsEnough = false } = {}): void {
    if (this.checks.has(name)) throw new Error(`There is a readiness check named ${name} already`);
    this.checks.set(name, { check, onceIsEnough });
  }

  /** From now on the service is not ready, whatever the checks say. */
  stop(): void {
    this.stopping = true;
  }

  /** Every check with the reason why it fails, or null. A check that takes longer than `timeoutMs` fails. */
  async results(): Promise<ReadinessResult[]> {
    if (this.stopping) return [{ name: 'shutdown', missing: 'the service is shutting down', bridged: false }];
    const results = await Promise.all(
      [...this.checks].map(async ([name, { check, onceIsEnough }]) => {
        const missing = await this.missing(check);
        if (missing === null) this.reached.add(name);
        return { name, missing, bridged: missing !== null && onceIsEnough && this.reached.has(name) };
      }),
    );
    this.tellOfChange(results);
    return results;
  }

  private tellOfChange(results: readonly ReadinessResult[]): void {
    const missing = results.flatMap(({ name, missing }) => (missing === null ? [] : [[name, missing] as const]));
    // By the names: a reason may hold a number that is another each time.
    const names = missing.map(([name]) => name).join();
    if (names === this.lastMissing) return;
    this.lastMissing = names;
    this.changed(Object.fromEntries(missing));
  }

  private async missing(check: ReadinessCheck): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${this.timeoutMs} ms`), this.timeoutMs);
    });
    try {
      return await Promise.race([this.run(check).then(() => null), late]);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
    }
  }

  private run(check: ReadinessCheck): Promise<void> {
    let running = this.running.get(check);
    if (!running) {
      running = Promise.resolve()
        .then(check)
        .finally(() => this.running.delete(check));
      this.running.set(check, running);
    }
    return running;
  }
}
