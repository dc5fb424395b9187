import path from 'node:path';
import { RegistryClient } from '@cap/contracts';
import { type ChainEvent } from '@cap/tlog';
import { type JsonObject } from '@cap/core';
import { RegistryData } from '@cap/storage';
import { type CliIo } from '../../frame/io.js';
import { onePlace, type RegistryPlace } from '../../frame/place-options.js';
import { accessToken } from '../../frame/remote.js';

/** A registry's log, for reading from its beginning and for adding to it. */
export interface EventLog {
  events(): AsyncIterable<Pick<ChainEvent, 'event' | 'details'>>;
  append(event: string, details: JsonObject): Promise<unknown>;
  close(): Promise<void>;
}

const PAGE = 1_000;

/** A data directory must be there and belong to nobody else. */
export async function openEventLog(io: CliIo, place: RegistryPlace): Promise<EventLog> {
  const where = onePlace(place);
  if ('dataDir' in where) {
    const { dataDirectory } = await import('../data-directory.js');
    const data = await RegistryData.open({ ...(await dataDirectory(path.resolve(where.dataDir))), program: 'cap' });
    return {
      events: () => pages((from) => data.store.listEvents(from, PAGE)),
      append: (event, details) => data.store.appendEvent(event, details),
      close: () => data.close(),
    };
  }
  const client = new RegistryClient({ url: where.url, token: await accessToken(io, place.tokenFile) });
  return {
    events: () => pages(async (from) => (await client.listEvents({ from, limit: PAGE })).items as ChainEvent[]),
    append: (event, details) => client.appendEvent({ event, details } as Parameters<RegistryClient['appendEvent']>[0]),
    close: () => client.close(),
  };
}

async function* pages(page: (from: number) => Promise<ChainEvent[]>): AsyncGenerator<ChainEvent> {
  for (let from = 0; ;) {
    const events = await page(from);
    if (events.length === 0) return;
    yield* events;
    from = events.at(-1)!.seq + 1;
  }
}
