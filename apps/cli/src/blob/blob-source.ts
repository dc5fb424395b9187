import { type Readable } from 'node:stream';
import { CapError } from '@cap/core';
import { RegistryClient, type BlobRecord } from '@cap/contracts';
import { type CliIo } from '../frame/io.js';
import { onePlace, type RegistryPlace } from '../frame/place-options.js';
import { accessToken } from '../frame/remote.js';

/** Where BLOBs are. */
export interface BlobSource {
  put(body: Readable): Promise<BlobRecord>;
  get(id: string): Promise<Readable | null>;
  list(): AsyncIterable<BlobRecord>;
  close(): Promise<void>;
}

export async function openBlobs(io: CliIo, place: RegistryPlace): Promise<BlobSource> {
  const where = onePlace(place);
  if ('dataDir' in where) return (await import('../registry/data-directory.js')).openBlobsOf(where.dataDir);
  const client = new RegistryClient({ url: where.url, token: await accessToken(io, place.tokenFile) });
  return {
    put: (body) => client.putBlob(body, 'keep'),
    get: async (id) => (await client.findBlob(id))?.stream ?? null,
    async *list() {
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof client.listBlobs>> = await client.listBlobs({
          limit: 1000,
          ...(cursor ? { cursor } : {}),
        });
        yield* page.items;
        cursor = page.next_cursor;
      } while (cursor !== null);
    },
    close: () => client.close(),
  };
}

export function checkBlobId(id: string): void {
  if (!/^0x[0-9a-f]{64}$/.test(id))
    throw new CapError('bundle.unknown', `not a BLOB id (0x and 64 lower-case hex digits): ${id.slice(0, 80)}`);
}
