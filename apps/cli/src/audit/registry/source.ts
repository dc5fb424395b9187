import path from 'node:path';
import { type EntryQuery, type EntryRecord, RegistryClient } from '@cap/contracts';
import { CapError } from '@cap/core';
import { type ChainEvent, inclusionProof, inclusionProofIndexes } from '@cap/tlog';
import { FileCheckpointStore, RegistryReader } from '@cap/storage';
import { type CliIo } from '../../frame/io.js';
import { onePlace, type RegistryPlace } from '../../frame/place-options.js';
import { accessToken } from '../../frame/remote.js';
import { type Filter } from './format.js';

/** What an export is made of. */
export interface AuditSource {
  /** The newest signed checkpoint, as a note. */
  checkpoint(): Promise<string>;
  events(from: number): AsyncIterable<ChainEvent>;
  /** In log order. */
  entries(filter: Filter): AsyncIterable<EntryRecord>;
  inclusion(index: number, size: number): Promise<Buffer[]>;
  close(): Promise<void>;
}

const PAGE = 1_000;

export async function openAuditSource(io: CliIo, place: RegistryPlace): Promise<AuditSource> {
  const where = onePlace(place);
  return 'dataDir' in where
    ? ofDirectory(where.dataDir)
    : ofService(new RegistryClient({ url: where.url, token: await accessToken(io, place.tokenFile) }));
}

async function ofDirectory(directory: string): Promise<AuditSource> {
  const reader = await RegistryReader.open(path.join(directory, 'registry.db'));
  const checkpoints = new FileCheckpointStore(path.join(directory, 'checkpoints'));
  return {
    checkpoint: async () => {
      const note = await checkpoints.read((await reader.epoch()).epoch);
      if (note !== null) return note;
      throw new CapError('checkpoint.missing', `${directory}: its log was never signed; start the registry once`);
    },
    events: (from) => pages(from, (at) => reader.listEvents(at, PAGE)),
    entries: (filter) => entriesOf((page) => reader.listEntries({ limit: PAGE, cursor: page.cursor }, page), filter),
    inclusion: async (index, size) =>
      inclusionProof(index, size, await reader.logHashes(inclusionProofIndexes(index, size))),
    close: () => reader.close(),
  };
}

function ofService(client: RegistryClient): AuditSource {
  return {
    checkpoint: async () => (await client.checkpoint()).checkpoint,
    events: (from) =>
      pages(from, async (at) => (await client.listEvents({ from: at, limit: PAGE })).items as ChainEvent[]),
    entries: (filter) => entriesOf((page) => client.listEntries({ ...page, limit: PAGE }), filter),
    inclusion: async (log_index, tree_size) =>
      (await client.inclusion({ log_index, tree_size })).inclusion_proof.map((hash) => Buffer.from(hash, 'base64')),
    close: () => client.close(),
  };
}

async function* pages(from: number, page: (at: number) => Promise<ChainEvent[]>): AsyncGenerator<ChainEvent> {
  for (let at = from; ;) {
    const events = await page(at);
    if (events.length === 0) return;
    yield* events;
    at = events.at(-1)!.seq + 1;
  }
}

async function* entriesOf(
  page: (query: EntryQuery & Filter) => Promise<{ items: EntryRecord[]; next_cursor: string | null }>,
  filter: Filter,
): AsyncGenerator<EntryRecord> {
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as EntryQuery;
  let cursor: string | undefined;
  do {
    const found = await page({ ...given, ...(cursor === undefined ? {} : { cursor }) } as EntryQuery & Filter);
    yield* found.items;
    cursor = found.next_cursor ?? undefined;
  } while (cursor !== undefined);
}
