import { counter, gauge } from './metric.js';

/** Counts what a cache answered. */
export interface CacheOutcomes {
  hit(): void;
  miss(): void;
}

/** `cap_cache_requests_total{cache,outcome}` and `cap_cache_hit_ratio{cache}` (since the start; 0 before the first request). */
export function cacheOutcomes(cache: string): CacheOutcomes {
  const requests = counter({
    name: 'cap_cache_requests_total',
    help: 'Look-ups of a cache',
    labelNames: ['cache', 'outcome'],
  });
  const ratio = gauge({
    name: 'cap_cache_hit_ratio',
    help: 'Share of look-ups that a cache answered, since the start',
    labelNames: ['cache'],
  });
  let hits = 0;
  let misses = 0;
  requests.inc({ cache, outcome: 'hit' }, 0);
  requests.inc({ cache, outcome: 'miss' }, 0);
  ratio.set({ cache }, 0);
  const count = (outcome: 'hit' | 'miss') => {
    requests.inc({ cache, outcome });
    ratio.set({ cache }, hits / (hits + misses));
  };
  return {
    hit() {
      hits++;
      count('hit');
    },
    miss() {
      misses++;
      count('miss');
    },
  };
}
