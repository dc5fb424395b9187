import { isRemoteError } from '@cap/core';
import { RegistryClient, type EntryQuery, type EntryRecord, type Page } from '@cap/contracts';
import { type CliIo } from '../frame/io.js';
import { onePlace, type RegistryPlace } from '../frame/place-options.js';
import { accessToken, request } from '../frame/remote.js';

/** Where entries come from. */
export interface EntrySource {
  list(query: EntryQuery): Promise<Page<EntryRecord>>;
  find(id: string): Promise<EntryRecord | null>;
  close(): Promise<void>;
}

export async function openEntries(io: CliIo, place: RegistryPlace): Promise<EntrySource> {
  const where = onePlace(place);
  if ('dataDir' in where) return (await import('./data-directory.js')).openEntriesOf(where.dataDir);
  return remoteEntries(where.url, await accessToken(io, place.tokenFile));
}

/** The registry itself, or a verifier API, which answers the same under other paths. */
function remoteEntries(url: string, token: string | undefined): EntrySource {
  const client = new RegistryClient({ url, token });
  const through = async <T>(ask: () => Promise<T>, route: string): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      if (!isRemoteError(error) || error.code !== 'route.unknown') throw error;
      return (await (await request({ url, route, token })).json()) as T;
    }
  };
  return {
    list: (query) => through(() => client.listEntries(query), `/registry/entries?${queryString(query)}`),
    find: (id) => through(() => client.findEntry(id), `/registry/entries/${encodeURIComponent(id)}`),
    close: () => client.close(),
  };
}

const queryString = (query: EntryQuery): string =>
  new URLSearchParams(
    Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
