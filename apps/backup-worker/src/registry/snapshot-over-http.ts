import { setTimeout as pause } from 'node:timers/promises';
import type { SnapshotSource } from '@cap/backup';
import { type Download, PAGE_LIMIT, type RegistryClient } from '@cap/contracts';
import { CapError, isRemoteError } from '@cap/core';

/** How often in a row a body may break off without a byte. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100;

export interface RegistryClients {
  readonly client: RegistryClient;
  /** With a long time-out, for the one call whose answer waits for a copy of the whole database. */
  readonly patient: RegistryClient;
}

/**
 * A registry over its internal HTTP API. A body that breaks off is resumed with a Range request; the reader checks sizes and hashes.
 * Once `signal` is aborted, everything but `releaseSnapshot` throws. CapError backup.blob-gone for a BLOB that the registry no longer
 * returns, blob.corrupt and blob.missing for one that it has lost, and what the client throws.
 */
export function snapshotOverHttp({ client, patient }: RegistryClients, signal: AbortSignal): SnapshotSource {
  return {
    createSnapshot: () => patient.createSnapshot({ signal }),
    database: (id) => resumable((first) => client.snapshotDatabase(id, from(first), { signal }), signal),
    blobs: (id) => blobsOf(client, id, signal),
    blob: (_id, blobId) =>
      resumable(async (first) => {
        const download = await client.findBlob(blobId, from(first), { signal }).catch(rethrowLostBlob);
        if (download) return download;
        throw new CapError('backup.blob-gone', `BLOB ${blobId} was in the snapshot and is no longer available`);
      }, signal),
    releaseSnapshot: (id) => client.deleteSnapshot(id),
  };
}

/** If the registry reports that it has lost a BLOB, asking again is pointless, but the others are still worth saving. */
function rethrowLostBlob(error: unknown): never {
  if (isRemoteError(error) && (error.code === 'blob.corrupt' || error.code === 'blob.missing'))
    throw new CapError(error.code, error.message, { cause: error });
  throw error;
}

const from = (first: number): { first: number } | undefined => (first === 0 ? undefined : { first });

async function* blobsOf(client: RegistryClient, id: string, signal: AbortSignal) {
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof client.snapshotBlobs>> = await client.snapshotBlobs(
      id,
      { limit: PAGE_LIMIT, ...(cursor === null ? {} : { cursor }) },
      { signal },
    );
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor !== null);
}

/** All bytes of a body; `open` asks for those from `first` on. */
async function* resumable(open: (first: number) => Promise<Download>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let received = 0;
  let total: number | null = null;
  for (let failures = 0; ;) {
    let opened = false;
    try {
      const { stream, size } = await open(received);
      opened = true;
      total ??= size;
      if (received + size !== total) {
        stream.destroy();
        throw new CapError('backup.size', `requested the remaining ${total - received} bytes, received ${size}`);
      }
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        received += chunk.length;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      if (received === total) return;
      // Any other answer than a momentary outage will be the same next time.
      const passing = opened ? !(error instanceof CapError) : isRemoteError(error) && error.status >= 500;
      if (signal.aborted || !passing || ++failures >= ATTEMPTS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** (failures - 1), undefined, { signal });
    }
  }
}
