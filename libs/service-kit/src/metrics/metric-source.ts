import type { Provider, Type } from '@nestjs/common';
import { makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Registers } from './registers.js';

/** A scrape waits so long for a source; Prometheus itself gives up after 10 s. */
const WAIT_MS = 2_000;

/**
 * What metrics are read off when somebody asks: a database, a directory. It may be gone, or never answer; then the scrape goes
 * on all the same, and the metrics tell what was known last (nothing at all before the first reading). An app's provider extends it;
 * `metricsOf` makes the metrics.
 */
export class MetricSource<T> {
  /** One for all metrics of one scrape. */
  private look: Promise<T | null> | null = null;
  /** Runs on after a scrape that gave it up; as long as it does, no second one is begun. */
  private reading: Promise<T> | null = null;
  private known: T | null = null;
  private readable = false;

  constructor(
    private readonly read: () => Promise<T>,
    private readonly waitMs = WAIT_MS,
  ) {}

  /** What is known now; null as long as nothing is. */
  state(): Promise<T | null> {
    return (this.look ??= this.once().finally(() => {
      this.look = null;
    }));
  }

  /** Whether the newest look could read it. */
  async isReadable(): Promise<boolean> {
    await this.state();
    return this.readable;
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
      this.readable = true;
    } catch {
      this.readable = false;
    } finally {
      clearTimeout(timer);
    }
    return this.known;
  }
}

/** Makes providers of metrics that show what the source reads. */
export function metricsOf<T>(source: Type<MetricSource<T>>, registers: Registers) {
  const shared = (name: string, help: string) => ({ name, help, registers, inject: [source] });
  return {
    /** 1 if it could be read for this scrape. */
    readable: (name: string, help: string): Provider =>
      makeGaugeProvider({
        ...shared(name, help),
        async collect(from: MetricSource<T>) {
          this.set(Number(await from.isReadable()));
        },
      }),
    gauge: (name: string, help: string, value: (state: T) => number): Provider =>
      makeGaugeProvider({
        ...shared(name, help),
        async collect(from: MetricSource<T>) {
          const state = await from.state();
          if (state === null) this.remove();
          else this.set(value(state));
        },
      }),
    counter: (name: string, help: string, value: (state: T) => number): Provider =>
      makeCounterProvider({
        ...shared(name, help),
        async collect(from: MetricSource<T>) {
          const state = await from.state();
          this.reset();
          if (state === null) this.remove();
          else this.inc(value(state));
        },
      }),
  };
}
