import type { Readable } from 'node:stream';
import type {
  BlobRecord,
  CollectionResult,
  CollectRequest,
  EntryQuery,
  EntryRecord,
  ErasureReason,
  ErasureRecord,
  EventRequest,
  HeldEntries,
  ListRecord,
  Page,
  PageRequest,
  PolicyRecord,
  RetentionRequest,
  RetentionResult,
} from '@cap/contracts';
import type { JsonObject } from '@cap/core';
import type { ChainEvent } from '@cap/tlog';

export type StoredPolicy = PolicyRecord & { document: JsonObject };

/**
 * A registry: a running service (HttpRegistry), or a data directory on this machine (DirectoryRegistry). `find…` methods give
 * null for what is not there. A directory is read beside a running registry; what writes needs the registry stopped, and is
 * refused (CapError `storage.owned`) if it is not.
 */
export interface Registry {
  head(): Promise<{ log_size: number; head_digest: string }>;

  /** Looks a policy up by policy id or hash. */
  findPolicy(ref: string): Promise<StoredPolicy | null>;
  /** Without the documents, which findPolicy gives. */
  listPolicies(page: PageRequest): Promise<Page<{ policy_id: string }>>;
  findList(hash: string): Promise<ListRecord | null>;
  /** The raw file. */
  findListContent(hash: string): Promise<Buffer | null>;
  listLists(page: PageRequest): Promise<Page<ListRecord>>;
  findEntry(id: string): Promise<EntryRecord | null>;
  /** Entries in log order. */
  listEntries(query: EntryQuery): Promise<Page<EntryRecord>>;

  putBlob(body: Readable): Promise<BlobRecord>;
  findBlob(id: string): Promise<Readable | null>;
  findBlobSize(id: string): Promise<number | null>;
  listBlobs(page: PageRequest): Promise<Page<BlobRecord>>;

  /** Events of the log from this sequence number on; empty at its end. */
  listEvents(from: number, limit: number): Promise<ChainEvent[]>;
  appendEvent(request: EventRequest): Promise<unknown>;
  /** The newest signed checkpoint, as a note. */
  checkpoint(): Promise<string>;
  inclusionProof(index: number, treeSize: number): Promise<Buffer[]>;

  /** Moves BLOBs that nothing refers to into the trash, and empties the trash of old ones. */
  collectBlobs(request: CollectRequest): Promise<CollectionResult>;
  /** Puts an entry, or all entries of a bundle, on hold, or releases them. */
  setHold(entryOrBundle: string, held: boolean): Promise<HeldEntries>;
  eraseBundle(entryOrBundle: string, reason: ErasureReason): Promise<ErasureRecord>;
  applyRetention(request: RetentionRequest): Promise<RetentionResult>;

  close(): Promise<void>;
}

/** How many items are asked for at once. */
const PAGE_SIZE = 1_000;

/** All items of a list, page by page. */
export async function* allItems<T>(list: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await list({ limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.items;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** All events of the log from this sequence number on. */
export async function* allEvents(registry: Pick<Registry, 'listEvents'>, from = 0): AsyncGenerator<ChainEvent> {
  for (let next = from; ;) {
    const events = await registry.listEvents(next, PAGE_SIZE);
    if (events.length === 0) return;
    yield* events;
    next = events.at(-1)!.seq + 1;
  }
}
