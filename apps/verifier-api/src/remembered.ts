import { LRUCache } from 'lru-cache';
import { type Config } from '@cap/config';
import { cacheOutcomes } from '@cap/service-kit';

const MAX_ENTRIES = 1_000;

/**
 * What the registry said of a thing by its name. What was found is kept for policy.cache_ttl_seconds (not at all with
 * policy.cache_enabled: false); what was not found is asked for each time. Who asks for one name at the same time waits for
 * one answer, unless nothing may be kept: an answer that was asked for before is an old one too.
 */
export class Remembered<T extends object> {
  #kept: LRUCache<string, T> | null;
  #running = new Map<string, Promise<T | null>>();
  #generation = 0;
  readonly #outcomes;

  constructor(
    /** Label in the cache metrics. */
    name: string,
    { cache_enabled, cache_ttl_seconds }: Config['policy'],
  ) {
    this.#kept = cache_enabled ? new LRUCache({ max: MAX_ENTRIES, ttl: cache_ttl_seconds * 1000 }) : null;
    this.#outcomes = cacheOutcomes(name);
  }

  async get(name: string, ask: () => Promise<T | null>): Promise<T | null> {
    const kept = this.#kept?.get(name);
    if (kept) {
      this.#outcomes.hit();
      return kept;
    }
    this.#outcomes.miss();
    return (this.#kept && this.#running.get(name)) ?? this.#ask(name, ask);
  }

  /** Another one after each `forget`. */
  get generation(): number {
    return this.#generation;
  }

  /** From now on everything is asked again; an answer that is under way is given to those who wait, and not kept. */
  forget(): void {
    this.#generation++;
    this.#kept?.clear();
    this.#running = new Map();
  }

  async #ask(name: string, ask: () => Promise<T | null>): Promise<T | null> {
    const running = this.#running;
    const answer = ask();
    running.set(name, answer);
    try {
      const found = await answer;
      if (found && running === this.#running) this.#kept?.set(name, found);
      return found;
    } finally {
      running.delete(name);
    }
  }
}

/**
 * Runs a write after which nothing remembered counts, whatever becomes of it: one that failed may have taken place, and one
 * that is only answered again was another instance's.
 */
export async function forgettingAfter<T>(memory: { forget(): void }, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } finally {
    memory.forget();
  }
}
