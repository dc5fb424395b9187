import type { ChainEvent } from './events.js';
import { eventLeaf } from './receipt.js';
import { type HashReader, leafHash, storedHashesForAppend, treeHash, treeHashIndexes } from './tree.js';

/** Derives the stored hashes of the log's tree from its events, in order. Only the tree's right edge stays in memory. */
export class GrowingTree {
  #size = 0;
  #edge = new Map<number, Uint8Array>();

  get size(): number {
    return this.#size;
  }

  get root(): Buffer {
    return treeHash(this.#size, this.#reader);
  }

  readonly #reader: HashReader = { readHashes: (positions) => positions.map((position) => this.#edge.get(position)!) };

  /** The hashes that these events add, and the position of the first. */
  append(events: readonly ChainEvent[]): { firstIndex: number; hashes: Buffer[] } {
    return this.appendHashes(events.map((event) => leafHash(eventLeaf(event))));
  }

  /** The same of leaves that are known by their hash alone. */
  appendHashes(leaves: readonly Uint8Array[]): { firstIndex: number; hashes: Buffer[] } {
    const { firstIndex, hashes, size } = storedHashesForAppend(leaves, this.#size, this.#reader);
    const at = (position: number) =>
      position < firstIndex ? this.#edge.get(position)! : hashes[position - firstIndex]!;
    this.#edge = new Map(treeHashIndexes(size).map((position) => [position, at(position)]));
    this.#size = size;
    return { firstIndex, hashes };
  }
}
