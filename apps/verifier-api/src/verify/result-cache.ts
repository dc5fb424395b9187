import { LRUCache } from 'lru-cache';
import { type CacheOutcomes } from '@cap/service-kit';

const MAX_BYTES = 32_000_000;
/** What an entry costs beside its answer. */
const ENTRY_BYTES = 1_000;

/** Something that the verdict was made from and that can change: whether it is still as it was. */
export type Premise = () => Promise<boolean>;

export interface Cacheable {
  /** Bytes of the answer. */
  readonly size: number;
  /** Whether later questions may have it too. */
  readonly keep: boolean;
  /** From this instant on the same inputs may get another verdict; null: never. */
  readonly validUntil: Date | null;
  readonly premises: readonly Premise[];
}

/** A verdict that is being made. */
interface Running<T> {
  readonly made: Promise<T>;
  readonly generation: string;
  readonly begun: number;
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
  readonly #running = new Map<string, Running<T>>();

  constructor(
    private readonly outcomes: CacheOutcomes,
    /** How long what a verdict was made from may count unasked: an older one that is still being made is not joined. */
    private readonly joinMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * `generation`: changes with everything that was acknowledged and could change a verdict. A question that came after such
   * an acknowledgement is not answered by what was begun before it.
   */
  async get(key: string, generation: string, make: () => Promise<T>): Promise<T> {
    const came = this.now();
    const kept = this.#entries.get(key);
    if (kept && countsAt(kept, came) && (await allHold(kept))) {
      this.outcomes.hit();
      return kept;
    }
    const running = this.#running.get(key);
    if (running?.generation === generation && came - running.begun < this.joinMs) {
      const result = await running.made;
      // Made for somebody who came earlier: what was still in time then may be late now.
      if (!countsAt(result, came)) return this.get(key, generation, make);
      this.outcomes.hit();
      return result;
    }
    this.outcomes.miss();
    return this.#begin(key, generation, make);
  }

  async #begin(key: string, generation: string, make: () => Promise<T>): Promise<T> {
    const mine = { made: make(), generation, begun: this.now() };
    this.#running.set(key, mine);
    try {
      const result = await mine.made;
      if (result.keep) this.#entries.set(key, result);
      return result;
    } finally {
      if (this.#running.get(key) === mine) this.#running.delete(key);
    }
  }
}

const countsAt = ({ validUntil }: Cacheable, at: number): boolean => validUntil === null || at < validUntil.getTime();

async function allHold({ premises }: Cacheable): Promise<boolean> {
  for (const holds of premises) if (!(await holds())) return false;
  return true;
}
