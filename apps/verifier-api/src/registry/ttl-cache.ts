import { LRUCache } from 'lru-cache';
import type { Config } from '@cap/config';
import type { CallContext } from '@cap/contracts';
import type { CacheOutcomes } from '@cap/service-kit';

const MAX_ENTRIES = 1_000;

/**
 * Caches registry answers by name. What was found is cached for policy.cache_ttl_seconds (not at all with
 * policy.cache_enabled: false); what was not found is requested again each time. Callers that ask for the same name at the same
 * time share one request, unless caching is off: then an earlier caller's answer may be outdated. It goes on when the caller who
 * started it gives up: others may wait for it.
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

  /** `load` gets the context of this call without its signal. */
  async get(
    name: string,
    { requestId }: CallContext,
    load: (context: CallContext) => Promise<T | null>,
  ): Promise<T | null> {
    const kept = this.#kept?.get(name);
    if (kept) {
      this.outcomes.hit();
      return kept;
    }
    this.outcomes.miss();
    return (this.#kept && this.#pending.get(name)) ?? this.#load(name, () => load({ requestId }));
  }

  /** Changes with each `clear`. */
  get generation(): number {
    return this.#generation;
  }

  /** Drops everything. A request in progress still answers those who wait for it, but its answer is not cached. */
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
 * Runs a write, then clears the cache, even if the write failed: it may have taken effect all the same, and a replayed answer may
 * be to a write through another instance.
 */
export async function clearAfter<T>(cache: { clear(): void }, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } finally {
    cache.clear();
  }
}
