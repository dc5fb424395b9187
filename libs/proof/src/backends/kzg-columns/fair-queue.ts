/** A fair queue: round robin over the holders, first in, first out within each. */
export class FairQueue<T extends { readonly holder: string }> {
  readonly #lines = new Map<string, T[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    const line = this.#lines.get(item.holder);
    if (line) line.push(item);
    else this.#lines.set(item.holder, [item]);
    this.#length++;
  }

  /** The next of the holder whose turn it is, who then waits behind the others. */
  shift(): T | undefined {
    const [next] = this.#lines.values();
    const item = next?.[0];
    if (!item) return undefined;
    this.delete(item);
    const rest = this.#lines.get(item.holder);
    if (rest) {
      this.#lines.delete(item.holder);
      this.#lines.set(item.holder, rest);
    }
    return item;
  }

  /** False if it does not wait. */
  delete(item: T): boolean {
    const line = this.#lines.get(item.holder) ?? [];
    const at = line.indexOf(item);
    if (at === -1) return false;
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(item.holder);
    this.#length--;
    return true;
  }

  /** How many wait for this holder, and whether others have any. */
  of(holder: string): { own: number; others: boolean } {
    const own = this.#lines.get(holder)?.length ?? 0;
    return { own, others: this.#length > own };
  }

  /** Takes out the last of whoever has most, if that is more than this holder would have with one more. */
  makeRoomFor(holder: string): T | undefined {
    let longest: T[] = [];
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line;
    if (longest.length <= this.of(holder).own + 1) return undefined;
    const last = longest.at(-1)!;
    this.delete(last);
    return last;
  }
}
