import { Injectable, type Provider } from '@nestjs/common';
import { makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Registers } from './registers.js';

/** Counts what a cache answered. */
export interface CacheOutcomes {
  hit(): void;
  miss(): void;
}

/** How well each cache does: plain numbers, since a cache is asked several times a request; the metrics read them at a scrape. */
@Injectable()
export class CacheMetrics {
  readonly counts = new Map<string, { hits: number; misses: number }>();

  /** `cache` is the label in the metrics. */
  outcomes(cache: string): CacheOutcomes {
    const count = { hits: 0, misses: 0 };
    this.counts.set(cache, count);
    return {
      hit: () => void count.hits++,
      miss: () => void count.misses++,
    };
  }
}

/** `cap_cache_requests_total{cache,outcome}` and `cap_cache_hit_ratio{cache}` (since the start; 0 before the first request). */
export const cacheMetrics = (registers: Registers): Provider[] => [
  CacheMetrics,
  makeCounterProvider({
    name: 'cap_cache_requests_total',
    help: 'Look-ups of a cache',
    labelNames: ['cache', 'outcome'],
    registers,
    inject: [CacheMetrics],
    collect({ counts }: CacheMetrics) {
      this.reset();
      for (const [cache, { hits, misses }] of counts) {
        this.inc({ cache, outcome: 'hit' }, hits);
        this.inc({ cache, outcome: 'miss' }, misses);
      }
    },
  }),
  makeGaugeProvider({
    name: 'cap_cache_hit_ratio',
    help: 'Share of look-ups that a cache answered, since the start',
    labelNames: ['cache'],
    registers,
    inject: [CacheMetrics],
    collect({ counts }: CacheMetrics) {
      for (const [cache, { hits, misses }] of counts) this.set({ cache }, hits / (hits + misses || 1));
    },
  }),
];
