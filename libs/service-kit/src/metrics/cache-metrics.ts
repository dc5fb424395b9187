import { counter, gauge } from './metric.js';

/** Counts what a cache answered. */
export interface CacheOutcomes {
  hit(): void;
  miss(): void;
}

/** By cache. Plain numbers, since a cache is asked several times a request; the metrics read them when somebody asks. */
const counts = new Map<string, { hits: number; misses: number }>();

/** `cap_cache_requests_total{cache,outcome}` and `cap_cache_hit_ratio{cache}` (since the start; 0 before the first request). */
export function cacheOutcomes(cache: string): CacheOutcomes {
  expose();
  const count = { hits: 0, misses: 0 };
  counts.set(cache, count);
  return {
    hit: () => void count.hits++,
    miss: () => void count.misses++,
  };
}

function expose(): void {
  counter({
    name: 'cap_cache_requests_total',
    help: 'Look-ups of a cache',
    labelNames: ['cache', 'outcome'],
    collect() {
      this.reset();
      for (const [cache, { hits, misses }] of counts) {
        this.inc({ cache, outcome: 'hit' }, hits);
        this.inc({ cache, outcome: 'miss' }, misses);
      }
    },
  });
  gauge({
    name: 'cap_cache_hit_ratio',
    help: 'Share of look-ups that a cache answered, since the start',
    labelNames: ['cache'],
    collect() {
      for (const [cache, { hits, misses }] of counts) this.set({ cache }, hits / (hits + misses || 1));
    },
  });
}
