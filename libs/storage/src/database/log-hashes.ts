import { eventLeaf, type HashReader, leafHash, storedHashesForAppend, treeHashIndexes } from '@cap/crypto';
import { type EventRow } from './entities.js';
import { toEvent } from './sql-reader.js';

const GROUP = 1_000;

/** Derives the tree's hashes from the events, in order. The right edge of the tree is all that stays in memory. */
export async function fillLogHashes({
  events,
  store,
}: {
  events(from: number, limit: number): Promise<EventRow[]>;
  store(position: number, hash: Uint8Array): Promise<void>;
}): Promise<void> {
  let size = 0;
  const kept = new Map<number, Uint8Array>();
  const reader: HashReader = { readHashes: (positions) => positions.map((position) => kept.get(position)!) };
  for (;;) {
    const rows = await events(size, GROUP);
    if (rows.length === 0) return;
    const leaves = rows.map((row) => leafHash(eventLeaf(toEvent(row))));
    const { firstIndex, hashes, size: grown } = storedHashesForAppend(leaves, size, reader);
    for (const [i, hash] of hashes.entries()) {
      kept.set(firstIndex + i, hash);
      await store(firstIndex + i, hash);
    }
    size = grown;
    const edge = new Set(treeHashIndexes(size));
    for (const position of kept.keys()) if (!edge.has(position)) kept.delete(position);
  }
}
