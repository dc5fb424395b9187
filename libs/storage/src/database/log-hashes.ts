import { GrowingTree } from '@cap/tlog/merkle';
import type { EventRow } from './entities.js';
import { toEvent } from './rows.js';

const GROUP = 1_000;

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
