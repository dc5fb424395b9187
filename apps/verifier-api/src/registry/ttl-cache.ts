import { LRUCache } from 'lru-cache';
import type { Config } from '@cap/config';
import type { CacheOutcomes } from '@cap/service-kit';

const MAX_ENTRIES = 1_000;

/**
 * Caches registry answers by name. What was found is kept for policy.cache_ttl_seconds (not at all with
 * policy.cache_enabled: false); what was not found is asked for each time. Callers that ask for the same name at the same time
 * share one answer, unless nothing may be kept: an earlier request's answer may be outdated.
 */
export class TtlCache<T extends object> {
  readonly #kept: LRUCache<string, T> | null;
  #pending = new Map<string, Promise<T | null>>();
  #generation = 0;

  constructor(
    private readonly outcomes: CacheOutcomes,
    { cache_enabled, cache_ttl_seconds }: Config['policy'],
  ) {
    this.#kept = cache_enabled ? new LRUCache({ max: MAX_ENTRIES, ttl: cache_ttl_seconds * 1000 }) : null;
  }

  async get(name: string, load: () => Promise<T | null>): Promise<T | null> {
    const kept = this.#kept?.get(name);
    if (kept) {
      this.outcomes.hit();
      return kept;
    }
    this.outcomes.miss();
    return (this.#kept && this.#pending.get(name)) ?? this.#load(name, load);
  }

  /** Changes with each `clear`. */
  get generation(): number {
    return this.#generation;
  }

  /** Everything is asked for again from now on; an answer that is under way reaches those who wait for it, and is not kept. */
  clear(): void {
    this.#generation++;
    this.#kept?.clear();
    this.#pending = new Map();
  }

  async #load(name: string, load: () => Promise<T | null>): Promise<T | null> {
    const pending = this.#pending;
    const answer = load();
    pending.set(name, answer);
    try {
      const found = await answer;
      if (found && pending === this.#pending) this.#kept?.set(name, found);
      return found;
    } finally {
      pending.delete(name);
    }
  }
}

/**
 * Runs a write and clears the cache after it, even if the write failed: it may have taken place all the same, and one that was
 * replayed under its idempotency key was another instance's.
 */
export async function clearAfter<T>(cache: { clear(): void }, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } finally {
    cache.clear();
  }
}
