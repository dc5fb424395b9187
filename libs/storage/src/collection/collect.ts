import type { CollectionResult, CollectRequest } from '@cap/contracts';
import type { RegistryStore } from '../database/registry-store.js';
import type { BlobStore } from '../stores.js';

/** How long a file without a row stays, and how long the trash then keeps it, hours. */
const ORPHAN_GRACE_HOURS = 24;
const TRASH_RETENTION_HOURS = 7 * 24;

const GROUP = 200;

/**
 * Removes files that no row refers to: orphans go to the trash after a grace period, and out of the trash after its retention. A
 * row for a file may appear at any moment. So a file only goes to the trash under the database's write lock, after a look at the
 * rows; whoever stores a row checks the file afterwards; and nothing is purged from the trash that a row refers to. A dry run counts
 * what a run would do now, and changes nothing.
 */
export async function collectFiles(
  store: Pick<RegistryStore, 'referencedBlobs' | 'removeIfUnreferenced'>,
  blobs: BlobStore,
  { grace_hours = ORPHAN_GRACE_HOURS, dry_run = false }: CollectRequest,
  mayContinue: () => Promise<boolean>,
): Promise<Pick<CollectionResult, 'orphans' | 'restored' | 'purged'>> {
  const collected = { orphans: 0, restored: 0, purged: 0 };
  // File times follow the machine's clock, whatever clock the registry was given.
  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
  const restored = new Set<string>();
  for await (const ids of groupsOf(blobs.listTrash())) {
    const { referenced } = await store.referencedBlobs(ids);
    for (const id of referenced) {
      // Published again meanwhile: the one in the trash is redundant and goes with the rest.
      if ((await blobs.size(id)) !== null) continue;
      if (!dry_run) await blobs.restore(id);
      restored.add(id);
      collected.restored++;
    }
  }
  for await (const id of blobs.listTrash(ago(TRASH_RETENTION_HOURS))) if (!restored.has(id)) collected.purged++;
  if (!dry_run) collected.purged = await blobs.purgeTrash(ago(TRASH_RETENTION_HOURS));

  for await (const ids of groupsOf(blobs.list(ago(grace_hours)))) {
    if (!(await mayContinue())) return collected;
    const { referenced, erased } = await store.referencedBlobs(ids);
    for (const id of ids.filter((each) => !referenced.has(each))) {
      const gone = erased.has(id);
      if (dry_run || (await store.removeIfUnreferenced(id, () => (gone ? blobs.remove(id) : blobs.trash(id)))))
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
