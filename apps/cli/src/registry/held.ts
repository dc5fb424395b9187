import { RegistryClient, type PolicyRecord } from '@cap/contracts';
import { type Digest } from '@cap/crypto';
import { type JsonObject } from '@cap/core';
import { ReferenceList } from '@cap/lists';
import { type PublishedList, publishedList } from '@cap/verify';
import { type CliIo } from '../frame/io.js';
import { onePlace, type RegistryPlace } from '../frame/place-options.js';
import { accessToken } from '../frame/remote.js';

/** The policies and reference lists that a registry holds. */
export interface Held {
  policy(hash: Digest): Promise<{ document: JsonObject; status: PolicyRecord['status'] } | null>;
  list(hash: Digest): Promise<PublishedList | null>;
  close(): Promise<void>;
}

export async function openHeld(io: CliIo, place: RegistryPlace): Promise<Held> {
  const where = onePlace(place);
  if ('dataDir' in where) return remembering(await (await import('./data-directory.js')).openHeldOf(where.dataDir));
  const client = new RegistryClient({ url: where.url, token: await accessToken(io, place.tokenFile) });
  return remembering({
    policy: async (hash) => {
      const found = await client.findPolicy(hash);
      return found && { document: found.document as JsonObject, status: found.status };
    },
    list: async (hash) => {
      const record = await client.findList(hash);
      const bytes = record && (await client.findListContent(hash));
      return bytes && publishedList(record, new ReferenceList(bytes));
    },
    close: () => client.close(),
  });
}

/** Registries hold many bundles of few policies and lists: each is read once. */
function remembering(held: Held): Held {
  const once = <T>(ask: (hash: Digest) => Promise<T>) => {
    const known = new Map<Digest, Promise<T>>();
    return (hash: Digest): Promise<T> => {
      const answer = known.get(hash) ?? ask(hash);
      known.set(hash, answer);
      return answer;
    };
  };
  return { policy: once(held.policy), list: once(held.list), close: held.close };
}
