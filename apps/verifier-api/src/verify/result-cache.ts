import { LRUCache } from 'lru-cache';
import type { CacheOutcomes } from '@cap/service-kit';

const MAX_BYTES = 32_000_000;
/** What an entry costs beside its answer. */
const ENTRY_BYTES = 1_000;

/** Whether something changeable that the verdict depends on is still unchanged. */
export type Premise = () => Promise<boolean>;

export interface Cacheable {
  /** Bytes of the answer. */
  readonly size: number;
  /** Whether later requests may get this result too. */
  readonly keep: boolean;
  /** When the same inputs may start to give another verdict; null: never. */
  readonly validUntil: Date | null;
  readonly premises: readonly Premise[];
}

/** A verification in progress. */
interface Ongoing<T> {
  readonly promise: Promise<T>;
  readonly generation: string;
  readonly startedAt: number;
}

/**
 * Caches verdicts, keyed by their inputs. An entry is valid only while the time has not changed it and every premise (the status
 * of the policy, the newest reference lists) still holds. Equal requests at the same time share one verification; a
 * caller that disconnects does not affect the others.
 */
export class ResultCache<T extends Cacheable> {
  readonly #entries = new LRUCache<string, T & object>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ size }) => size + ENTRY_BYTES,
  });
  readonly #running = new Map<string, Ongoing<T>>();

  constructor(
    private readonly outcomes: CacheOutcomes,
    /** A request does not join a verification that started longer ago than this, because its inputs may be outdated. */
    private readonly joinMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * `generation`: changes with everything that was acknowledged and could change a verdict. A request that arrives
   * after such an acknowledgement does not join a verification that started before it.
   */
  async get(key: string, generation: string, make: () => Promise<T>): Promise<T> {
    const arrivedAt = this.now();
    const kept = this.#entries.get(key);
    if (kept && isValidAt(kept, arrivedAt) && (await allHold(kept))) {
      this.outcomes.hit();
      return kept;
    }
    const running = this.#running.get(key);
    if (running?.generation === generation && arrivedAt - running.startedAt < this.joinMs) {
      const result = await running.promise;
      // It was made for an earlier request, and may have expired since.
      if (!isValidAt(result, arrivedAt)) return this.get(key, generation, make);
      this.outcomes.hit();
      return result;
    }
    this.outcomes.miss();
    return this.#begin(key, generation, make);
  }

  async #begin(key: string, generation: string, make: () => Promise<T>): Promise<T> {
    const own = { promise: make(), generation, startedAt: this.now() };
    this.#running.set(key, own);
    try {
      const result = await own.promise;
      if (result.keep) this.#entries.set(key, result);
      return result;
    } finally {
      if (this.#running.get(key) === own) this.#running.delete(key);
    }
  }
}

const isValidAt = ({ validUntil }: Cacheable, at: number): boolean => validUntil === null || at < validUntil.getTime();

async function allHold({ premises }: Cacheable): Promise<boolean> {
  for (const holds of premises) if (!(await holds())) return false;
  return true;
}
