import { LRUCache } from 'lru-cache';
import { cacheOutcomes } from '@cap/service-kit';

const MAX_BYTES = 32_000_000;
/** What an entry costs beside its answer. */
const ENTRY_BYTES = 1_000;

/** Something that the verdict was made from and that can change: whether it is still as it was. */
export type Premise = () => Promise<boolean>;

export interface Cacheable {
  /** Bytes of the answer. */
  readonly size: number;
  /** From this instant on the same inputs may get another verdict; null: never. */
  readonly validUntil: Date | null;
  readonly premises: readonly Premise[];
}

/**
 * Verdicts by what they were made from. An entry counts only while the time has not changed it and every premise (the status
 * of the policy, the newest reference lists) still holds. Equal questions at the same time are answered once; a caller who
 * goes away takes nothing from the others.
 */
export class ResultCache<T extends Cacheable> {
  readonly #entries = new LRUCache<string, T & object>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ size }) => size + ENTRY_BYTES,
  });
  readonly #running = new Map<string, Promise<T>>();
  readonly #outcomes = cacheOutcomes('result');

  constructor(private readonly now: () => number = Date.now) {}

  async get(key: string, make: () => Promise<T>): Promise<T> {
    const kept = this.#entries.get(key);
    if (kept && (await this.#holds(kept))) {
      this.#outcomes.hit();
      return kept;
    }
    const running = this.#running.get(key);
    if (running) {
      this.#outcomes.hit();
      return running;
    }
    this.#outcomes.miss();
    const made = make();
    this.#running.set(key, made);
    try {
      const result = await made;
      this.#entries.set(key, result);
      return result;
    } finally {
      this.#running.delete(key);
    }
  }

  async #holds({ validUntil, premises }: T): Promise<boolean> {
    if (validUntil !== null && this.now() >= validUntil.getTime()) return false;
    for (const holds of premises) if (!(await holds())) return false;
    return true;
  }
}
