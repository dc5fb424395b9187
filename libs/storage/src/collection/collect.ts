import { type RegistryStore } from '../database/registry-store.js';
import { type BlobStore } from '../stores.js';

/** How long a file without a row stays, and how long the trash keeps it then, ms. */
export const ORPHAN_GRACE_MS = 24 * 3_600_000;
export const TRASH_KEPT_MS = 7 * 24 * 3_600_000;

export interface CollectOptions {
  graceMs?: number | undefined;
  trashKeptMs?: number | undefined;
  /** Counts what a run now would do, and does nothing. */
  dryRun?: boolean | undefined;
}

/** How many BLOBs a run moved, or would move. */
export interface Collected {
  /** Uploads whose time has passed, to the trash. */
  uploads: number;
  /** Files without a row, to the trash. */
  orphans: number;
  /** Back from the trash, because a row wants them. */
  restored: number;
  /** Gone for good: out of the trash, or what an erasure was interrupted before it could remove. */
  purged: number;
  /** A snapshot is lent out: nothing is collected meanwhile. */
  held_up: boolean;
}

const GROUP = 200;

/**
 * Removes files that no row wants: orphans after a grace period, to the trash first; then what lay in the trash long enough.
 * A row may come for a file at any moment. So a file only goes to the trash in the database's write lock, after a look at the
 * rows, and whoever stores a row looks at the file afterwards; and nothing leaves the trash that a row wants.
 */
export async function collectFiles(
  store: Pick<RegistryStore, 'wantedBlobs' | 'whileUnwanted'>,
  blobs: BlobStore,
  { graceMs = ORPHAN_GRACE_MS, trashKeptMs = TRASH_KEPT_MS, dryRun = false }: CollectOptions,
  mayGoOn: () => Promise<boolean>,
): Promise<Pick<Collected, 'orphans' | 'restored' | 'purged'>> {
  const collected = { orphans: 0, restored: 0, purged: 0 };
  // File times are those of the machine, whatever clock the registry was given.
  const ago = (ms: number) => new Date(Date.now() - ms);
  const restored = new Set<string>();
  for await (const ids of groupsOf(blobs.listTrash())) {
    const { wanted } = await store.wantedBlobs(ids);
    for (const id of wanted) {
      // Published again meanwhile: then the one in the trash is one too many, and goes with the rest.
      if ((await blobs.size(id)) !== null) continue;
      if (!dryRun) await blobs.restore(id);
      restored.add(id);
      collected.restored++;
    }
  }
  for await (const id of blobs.listTrash(ago(trashKeptMs))) if (!restored.has(id)) collected.purged++;
  if (!dryRun) collected.purged = await blobs.purgeTrash(ago(trashKeptMs));

  for await (const ids of groupsOf(blobs.list(ago(graceMs)))) {
    if (!(await mayGoOn())) return collected;
    const { wanted, erased } = await store.wantedBlobs(ids);
    for (const id of ids.filter((each) => !wanted.has(each))) {
      const gone = erased.has(id);
      if (dryRun || (await store.whileUnwanted(id, () => (gone ? blobs.remove(id) : blobs.trash(id)))))
        collected[gone ? 'purged' : 'orphans']++;
    }
  }
  return collected;
}

async function* groupsOf<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
