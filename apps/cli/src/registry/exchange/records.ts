import { RegistryClient } from '@cap/contracts';
import { type JsonObject } from '@cap/core';
import { RegistryReader } from '@cap/storage';
import { type CliIo } from '../../frame/io.js';
import { onePlace, type RegistryPlace } from '../../frame/place-options.js';
import { accessToken } from '../../frame/remote.js';

export interface TypedRecord {
  type: 'policy' | 'list' | 'entry' | 'event';
  record: object;
}
export interface Records {
  head(): Promise<{ log_size: number; head_digest: string }>;
  /** Policies, lists, entries, events; of the latter two only those of the first `size` events. */
  all(size: number): AsyncIterable<TypedRecord>;
  close(): Promise<void>;
}

interface Page {
  items: object[];
  next_cursor: string | null;
}
type Pages = Record<'policy' | 'list' | 'entry', (cursor: string | undefined) => Promise<Page>> & {
  event(from: number): Promise<{ seq: number }[]>;
};

const LIMIT = 1_000;

export async function openRecords(io: CliIo, place: RegistryPlace): Promise<Records> {
  const where = onePlace(place);
  return 'dataDir' in where
    ? ofDirectory(where.dataDir)
    : ofService(new RegistryClient({ url: where.url, token: await accessToken(io, place.tokenFile) }));
}

async function ofDirectory(directory: string): Promise<Records> {
  const { dataDirectory } = await import('../data-directory.js');
  const reader = await RegistryReader.open((await dataDirectory(directory)).database);
  const parsed = ({ document, ...policy }: { document: string }) => ({
    ...policy,
    document: JSON.parse(document) as JsonObject,
  });
  return {
    head: () => reader.totals(),
    all: (size) =>
      every(size, {
        policy: async (cursor) => {
          const { items, next_cursor } = await reader.listPolicies({ cursor, limit: LIMIT });
          return { items: items.map(parsed), next_cursor };
        },
        list: (cursor) => reader.listLists({ cursor, limit: LIMIT }),
        entry: (cursor) => reader.listEntries({ cursor, limit: LIMIT }),
        event: (from) => reader.listEvents(from, LIMIT),
      }),
    close: () => reader.close(),
  };
}

function ofService(client: RegistryClient): Records {
  return {
    head: () => client.status(),
    all: (size) =>
      every(size, {
        policy: async (cursor) => {
          const { items, next_cursor } = await client.listPolicies({ cursor, limit: LIMIT });
          const whole = await Promise.all(items.map(({ policy_id }) => client.findPolicy(policy_id)));
          return { items: whole.filter((policy) => policy !== null), next_cursor };
        },
        list: (cursor) => client.lists({ cursor, limit: LIMIT }),
        entry: (cursor) => client.listEntries({ cursor, limit: LIMIT }),
        event: async (from) => (await client.listEvents({ from, limit: LIMIT })).items,
      }),
    close: () => client.close(),
  };
}

async function* every(size: number, pages: Pages): AsyncGenerator<TypedRecord> {
  for (const type of ['policy', 'list', 'entry'] as const) {
    let cursor: string | undefined;
    do {
      const page = await pages[type](cursor);
      for (const record of page.items)
        if (((record as { log_index?: number }).log_index ?? -1) < size) yield { type, record };
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }
  for (let from = 0; from < size;) {
    const events = await pages.event(from);
    if (events.length === 0) return;
    for (const record of events) if (record.seq < size) yield { type: 'event', record };
    from = events.at(-1)!.seq + 1;
  }
}
