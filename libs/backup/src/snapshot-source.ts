import { CapError } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { type RegistryData } from '@cap/storage';

/** One consistent state of a registry, lent for the time of a backup. */
export interface SnapshotLease {
  id: string;
  /** Events in the log of this state. */
  log_size: number;
  /** Digest of the newest of them; zeros for an empty log. */
  head_digest: Digest;
  /** Of the log, from 1. */
  epoch: number;
  /** A checkpoint of the log as a signed note; null if it was never signed. */
  checkpoint: string | null;
  /** Bytes of the database. */
  database_size: number;
  /** Number and bytes of the BLOBs that the database refers to. */
  blobs: number;
  blob_bytes: number;
}

/**
 * Where a backup gets the registry from. The worker wires it to the internal HTTP API, `cap` to a data directory. All methods
 * but `lease` take the lease's id. Streams throw when they break off; whoever reads them checks sizes and hashes.
 */
export interface SnapshotSource {
  lease(): Promise<SnapshotLease>;
  database(id: string): AsyncIterable<Uint8Array>;
  /** In ascending order of their ids, so that one snapshot always gives one archive. */
  blobs(id: string): AsyncIterable<{ blob_id: Digest; size: number }>;
  /** CapError blob.corrupt, blob.missing for one that the registry has lost. */
  blob(id: string, blobId: Digest): AsyncIterable<Uint8Array>;
  /** Ends the lease; one that is gone already is no error. */
  release(id: string): Promise<void>;
}

const PAGE = 200;

/** A data directory that this very process owns. */
export function dataDirectorySource(data: RegistryData): SnapshotSource {
  return {
    lease: () => data.createSnapshot(),
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
      // Straight from the store: an upload that expires meanwhile still belongs to the snapshot.
      const body = await data.blobs.read(blobId);
      if (!body) throw new CapError('blob.missing', `BLOB ${blobId} is known, but its file is gone`);
      yield* body;
    },
    release: (id) => data.snapshots.release(id),
  };
}
