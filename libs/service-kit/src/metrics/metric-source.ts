import { type Counter, type Gauge } from 'prom-client';
import { counter, gauge } from './metric.js';

/** A scrape waits so long for a source; Prometheus itself gives up after 10 s. */
const WAIT_MS = 2_000;

/**
 * What metrics are read off when somebody asks: a database, a directory. It may be gone, or never answer; then the scrape goes
 * on all the same, `readable` is 0, and the metrics tell what was known last (nothing at all before the first reading).
 */
export class MetricSource<T> {
  /** One for all metrics of one scrape. */
  private look: Promise<T | null> | null = null;
  /** Runs on after a scrape that gave it up; as long as it does, no second one is begun. */
  private reading: Promise<T | null> | null = null;
  private known: T | null = null;
  private readonly readable: Gauge;

  /** `read` gives null when there is nothing to tell of. `readable` names the gauge that says whether it could be read. */
  constructor(
    readable: { name: string; help: string },
    private readonly read: () => Promise<T | null>,
    private readonly waitMs = WAIT_MS,
  ) {
    this.readable = gauge({ ...readable, collect: async () => void (await this.current()) });
  }

  gauge(name: string, help: string, value: (state: T) => number): void {
    const metric: Gauge = gauge({
      name,
      help,
      collect: async () => {
        const state = await this.current();
        if (state === null) metric.remove();
        else metric.set(value(state));
      },
    });
  }

  counter(name: string, help: string, value: (state: T) => number): void {
    const metric: Counter = counter({
      name,
      help,
      collect: async () => {
        const state = await this.current();
        metric.reset();
        if (state === null) metric.remove();
        else metric.inc(value(state));
      },
    });
  }

  private current(): Promise<T | null> {
    return (this.look ??= this.once().finally(() => {
      this.look = null;
    }));
  }

  private async once(): Promise<T | null> {
    this.reading ??= this.read().finally(() => {
      this.reading = null;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), this.waitMs);
    });
    try {
      this.known = await Promise.race([this.reading, late]);
      this.readable.set(1);
    } catch {
      this.readable.set(0);
    } finally {
      clearTimeout(timer);
    }
    return this.known;
  }
}
