import {
  type ChainEvent,
  eventLeaf,
  type HashReader,
  leafHash,
  storedHashesForAppend,
  treeHash,
  treeHashIndexes,
} from '@cap/tlog';
import { type EventRow } from './entities.js';
import { toEvent } from './rows.js';

const GROUP = 1_000;

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

/** Fills the tree of a log that has events already. */
export async function fillLogHashes({
  events,
  store,
}: {
  events(from: number, limit: number): Promise<EventRow[]>;
  store(position: number, hash: Uint8Array): Promise<void>;
}): Promise<void> {
  const tree = new GrowingTree();
  for (;;) {
    const rows = await events(tree.size, GROUP);
    if (rows.length === 0) return;
    const { firstIndex, hashes } = tree.append(rows.map(toEvent));
    for (const [i, hash] of hashes.entries()) await store(firstIndex + i, hash);
  }
}
