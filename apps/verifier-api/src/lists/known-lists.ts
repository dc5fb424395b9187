import { LRUCache } from 'lru-cache';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import type { CallContext } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import { ReferenceList } from '@cap/lists/reference-lists';
import { type PublishedList, publishedList } from '@cap/verify';
import { CacheMetrics, RegistryConnection, Reload } from '@cap/service-kit';
import { TtlCache } from '../registry/ttl-cache.js';

const MAX_CONTENT_BYTES = 256_000_000;

/**
 * The registry's reference lists. A list's content never changes under its hash and is kept as long as there is room; what
 * may change (is it still the newest?) is asked again after policy.cache_ttl_seconds, or after a change through this instance.
 */
@Injectable()
export class KnownLists {
  /** Contents of lists by hash. */
  readonly #contents = new LRUCache<string, ReferenceList>({
    maxSize: MAX_CONTENT_BYTES,
    sizeCalculation: ({ bytes }) => Math.max(1, bytes.length),
  });
  readonly #lists: TtlCache<PublishedList>;
  readonly #newest: TtlCache<{ as_of: string }>;

  constructor(
    config: ConfigService<Config, true>,
    private readonly registry: RegistryConnection,
    reload: Reload,
    caches: CacheMetrics,
  ) {
    const policy = config.get('policy', { infer: true });
    this.#lists = new TtlCache(caches.outcomes('list'), policy);
    this.#newest = new TtlCache(caches.outcomes('newest_list'), policy);
    reload.add('reference lists', () => this.clear());
  }

  find(hash: Digest, context: CallContext): Promise<PublishedList | null> {
    return this.#lists.get(hash, context, (shared) => this.#load(hash, shared));
  }

  /** The as_of of the newest list with this id that was not withdrawn; null if the registry has none. */
  async newestAsOf(id: string, context: CallContext): Promise<string | null> {
    const found = await this.#newest.get(id, context, async (shared) => {
      const { items } = await this.registry.client.lists({ id, limit: 1 }, shared);
      const as_of = items[0]?.newest_as_of;
      return as_of ? { as_of } : null;
    });
    return found?.as_of ?? null;
  }

  /** Changes with each write that went through this instance. */
  get generation(): number {
    return this.#lists.generation;
  }

  /** After a write that went through this instance. */
  clear(): void {
    this.#lists.clear();
    this.#newest.clear();
  }

  async #load(hash: Digest, context: CallContext): Promise<PublishedList | null> {
    const record = await this.registry.client.findList(hash, context);
    const list = record && (await this.#content(hash, context));
    return list && publishedList(record, list);
  }

  async #content(hash: Digest, context: CallContext): Promise<ReferenceList | null> {
    const kept = this.#contents.get(hash);
    if (kept) return kept;
    const bytes = await this.registry.client.findListContent(hash, context);
    if (!bytes) return null;
    const list = new ReferenceList(bytes);
    if (list.hash !== hash)
      throw new CapError('registry.unavailable', `The registry returned another list for ${hash}.`);
    this.#contents.set(hash, list);
    return list;
  }
}
