import {
  type CollectionResult,
  type CollectRequest,
  type ErasureReason,
  type ErasureRecord,
  type HeldEntries,
  RegistryClient,
  type RetentionRequest,
  type RetentionResult,
} from '@cap/contracts';
import { type CliIo } from '../frame/io.js';
import { onePlace, type RegistryPlace } from '../frame/place-options.js';
import { accessToken } from '../frame/remote.js';

/** What an operator does to a registry. In a data directory it needs the directory for itself. */
export interface Operations {
  collect(request: CollectRequest): Promise<CollectionResult>;
  setHold(entryOrBundle: string, held: boolean): Promise<HeldEntries>;
  erase(entryOrBundle: string, reason: ErasureReason): Promise<ErasureRecord>;
  applyRetention(request: RetentionRequest): Promise<RetentionResult>;
  close(): Promise<void>;
}

/** Opens the registry, works with it and closes it. */
export async function withOperations<T>(
  io: CliIo,
  place: RegistryPlace,
  work: (operations: Operations) => Promise<T>,
): Promise<T> {
  const operations = await open(io, place);
  try {
    return await work(operations);
  } finally {
    await operations.close();
  }
}

async function open(io: CliIo, place: RegistryPlace): Promise<Operations> {
  const where = onePlace(place);
  if ('dataDir' in where) return (await import('./data-directory.js')).operateOn(where.dataDir);
  const client = new RegistryClient({ url: where.url, token: await accessToken(io, place.tokenFile) });
  return {
    collect: (request) => client.collectBlobs(request),
    setHold: (id, held) => client.setHold(id, held),
    erase: (id, reason) => client.eraseBundle(id, reason),
    applyRetention: (request) => client.applyRetention(request),
    close: () => client.close(),
  };
}
