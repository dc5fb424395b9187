/** A fair queue: round robin over the requesters, first in, first out within each. */
export class FairQueue<T extends { readonly requester: string }> {
  readonly #lines = new Map<string, T[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    const line = this.#lines.get(item.requester);
    if (line) line.push(item);
    else this.#lines.set(item.requester, [item]);
    this.#length++;
  }

  /** The next of the requester whose turn it is, who then waits behind the others. */
  shift(): T | undefined {
    const [next] = this.#lines.values();
    const item = next?.[0];
    if (!item) return undefined;
    this.delete(item);
    const rest = this.#lines.get(item.requester);
    if (rest) {
      this.#lines.delete(item.requester);
      this.#lines.set(item.requester, rest);
    }
    return item;
  }

  /** False if it is not in the queue. */
  delete(item: T): boolean {
    const line = this.#lines.get(item.requester) ?? [];
    const at = line.indexOf(item);
    if (at === -1) return false;
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(item.requester);
    this.#length--;
    return true;
  }

  /** How many items this requester has, and whether others have any. */
  of(requester: string): { own: number; others: boolean } {
    const own = this.#lines.get(requester)?.length ?? 0;
    return { own, others: this.#length > own };
  }

  /** Removes the last item of the requester with most items, if that is more than this requester would have with one more. */
  makeRoomFor(requester: string): T | undefined {
    let longest: T[] = [];
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line;
    if (longest.length <= this.of(requester).own + 1) return undefined;
    const last = longest.at(-1)!;
    this.delete(last);
    return last;
  }
}
