import type { BlobRecord, SnapshotRecord } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import type { RegistryData } from '@cap/storage';

/**
 * Where a backup gets the registry from. The worker wires it to the internal HTTP API, `cap` to a data directory. All methods
 * but the first take the snapshot's id. Streams throw when they break off; the reader checks sizes and hashes.
 */
export interface SnapshotSource {
  /** One consistent state of the registry, leased for the time of a backup. */
  createSnapshot(): Promise<SnapshotRecord>;
  database(id: string): AsyncIterable<Uint8Array>;
  /** In ascending order of their ids, so that one snapshot always gives one archive. */
  blobs(id: string): AsyncIterable<BlobRecord>;
  /** CapError blob.corrupt, blob.missing for one that the registry has lost. */
  blob(id: string, blobId: Digest): AsyncIterable<Uint8Array>;
  /** Ends its lease; releasing it twice is no error. */
  releaseSnapshot(id: string): Promise<void>;
}

const PAGE = 200;

/** A data directory that this process owns. */
export function dataDirectorySource(data: RegistryData): SnapshotSource {
  return {
    createSnapshot: () => data.createSnapshot(),
    async *database(id) {
      yield* await data.snapshots.database(id);
    },
    async *blobs(id) {
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof data.snapshots.blobs>> = await data.snapshots.blobs(id, {
          limit: PAGE,
          ...(cursor === null ? {} : { cursor }),
        });
        yield* page.items;
        cursor = page.next_cursor;
      } while (cursor !== null);
    },
    async *blob(_id, blobId) {
      yield* await data.readSnapshotBlob(blobId);
    },
    releaseSnapshot: (id) => data.snapshots.release(id),
  };
}
