import { setTimeout as pause } from 'node:timers/promises';
import { type SnapshotSource } from '@cap/backup';
import { type Download, PAGE_LIMIT, type RegistryClient } from '@cap/contracts';
import { CapError, isRemoteError } from '@cap/core';
import { type RegistryConnection } from './connection.js';

/** How often in a row a body may break off without having given a byte. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100;

/**
 * A registry over its internal HTTP API. A body that breaks off is taken up again with a Range request where it ended; sizes and
 * hashes are checked by whoever reads. Once `signal` is aborted everything but `release` throws. CapError backup.blob-gone for
 * a BLOB that the registry no longer gives out, blob.corrupt and blob.missing for one that it has lost, and CapError.
 */
export function snapshotOverHttp(
  { client, patient }: Pick<RegistryConnection, 'client' | 'patient'>,
  signal: AbortSignal,
): SnapshotSource {
  return {
    lease: () => patient.createSnapshot({ signal }),
    database: (id) => resumed((first) => client.snapshotDatabase(id, from(first), { signal }), signal),
    blobs: (id) => blobsOf(client, id, signal),
    blob: (_id, blobId) =>
      resumed(async (first) => {
        const download = await client.findBlob(blobId, from(first), { signal }).catch(lostBlob);
        if (download) return download;
        throw new CapError('backup.blob-gone', `BLOB ${blobId} was in the snapshot and is no longer given out`);
      }, signal),
    release: (id) => client.deleteSnapshot(id),
  };
}

/** The registry's word that it has lost a BLOB: no reason to ask again, and none to give up the others. */
function lostBlob(error: unknown): never {
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
async function* resumed(open: (first: number) => Promise<Download>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
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
        throw new CapError('backup.size', `the rest of ${total - received} bytes was asked for, ${size} came`);
      }
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        received += chunk.length;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      if (received === total) return;
      // An answer that is not this registry being out of reach for a moment will not change.
      const passing = opened ? !(error instanceof CapError) : isRemoteError(error) && error.status >= 500;
      if (signal.aborted || !passing || ++failures >= ATTEMPTS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** (failures - 1), undefined, { signal });
    }
  }
}
