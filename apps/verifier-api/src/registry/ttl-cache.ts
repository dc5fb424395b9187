import { LRUCache } from 'lru-cache';
import type { Config } from '@cap/config';
import type { CallContext } from '@cap/contracts';
import type { CacheOutcomes } from '@cap/service-kit';

const MAX_ENTRIES = 1_000;

interface Pending<T> {
  readonly answer: Promise<T | null>;
  readonly abandoned: AbortController;
  waiting: number;
}

/**
 * Caches registry answers by name. What was found is cached for policy.cache_ttl_seconds (not at all with
 * policy.cache_enabled: false); what was not found is requested again each time. Callers that ask for the same name at the same
 * time share one request, unless caching is off: then an earlier caller's answer may be outdated. A shared request goes on when
 * the caller who started it gives up, and ends when nobody waits for it any more.
 */
export class TtlCache<T extends object> {
  readonly #kept: LRUCache<string, T> | null;
  #pending = new Map<string, Pending<T>>();
  #generation = 0;

  constructor(
    private readonly outcomes: CacheOutcomes,
    { cache_enabled, cache_ttl_seconds }: Config['policy'],
  ) {
    this.#kept = cache_enabled ? new LRUCache({ max: MAX_ENTRIES, ttl: cache_ttl_seconds * 1000 }) : null;
  }

  /** `load` gets the context of this call, with a signal that fires when the last of those who wait has given up. */
  async get(name: string, context: CallContext, load: (context: CallContext) => Promise<T | null>): Promise<T | null> {
    const kept = this.#kept?.get(name);
    if (kept) {
      this.outcomes.hit();
      return kept;
    }
    this.outcomes.miss();
    context.signal?.throwIfAborted();
    const joined = this.#kept && this.#pending.get(name);
    return this.#wait(joined ?? this.#load(name, context, load), context.signal);
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

  #load(name: string, { requestId }: CallContext, load: (context: CallContext) => Promise<T | null>): Pending<T> {
    const group = this.#pending;
    const abandoned = new AbortController();
    const answer = load({ requestId, signal: abandoned.signal }).then((found) => {
      if (found && group === this.#pending) this.#kept?.set(name, found);
      return found;
    });
    const pending = { answer, abandoned, waiting: 0 };
    group.set(name, pending);
    const done = () => void (group.get(name) === pending && group.delete(name));
    answer.then(done, done);
    abandoned.signal.addEventListener('abort', done);
    return pending;
  }

  async #wait(pending: Pending<T>, signal: AbortSignal | undefined): Promise<T | null> {
    pending.waiting++;
    const leave = () => {
      if (--pending.waiting === 0) pending.abandoned.abort(signal?.reason);
    };
    signal?.addEventListener('abort', leave);
    try {
      return await pending.answer;
    } finally {
      signal?.removeEventListener('abort', leave);
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
