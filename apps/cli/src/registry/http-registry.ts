import type { Readable } from 'node:stream';
import {
  type CollectRequest,
  entryPage,
  type EntryQuery,
  entryRecord,
  type ErasureReason,
  type EventRequest,
  orNull,
  RegistryClient,
  type RetentionRequest,
  Transport,
  type PageRequest,
} from '@cap/contracts';
import { CapError, isRemoteError, type RemoteAnswer } from '@cap/core';
import type { ChainEvent } from '@cap/tlog';
import type { Registry, StoredPolicy } from './registry.js';

/** A running registry. Its entries are also read through a verifier API, which has them at other paths. */
export class HttpRegistry implements Registry {
  readonly #registry: RegistryClient;
  readonly #verifier: Transport;

  constructor(connection: { url: string; token: string | undefined }) {
    this.#registry = new RegistryClient(connection);
    this.#verifier = new Transport(connection);
  }

  head() {
    return this.#call((registry) => registry.status());
  }

  findPolicy(ref: string) {
    return this.#call(async (registry) => (await registry.findPolicy(ref)) as StoredPolicy | null);
  }
  listPolicies(page: PageRequest) {
    return this.#call((registry) => registry.listPolicies(page));
  }
  findList(hash: string) {
    return this.#call((registry) => registry.findList(hash));
  }
  findListContent(hash: string) {
    return this.#call((registry) => registry.findListContent(hash));
  }
  listLists(page: PageRequest) {
    return this.#call((registry) => registry.lists(page));
  }

  findEntry(id: string) {
    const path = `/registry/entries/${encodeURIComponent(id)}`;
    return this.#call((registry) =>
      registry
        .findEntry(id)
        .catch(
          ifUnknownRoute(() => orNull(this.#verifier.json(entryRecord, { method: 'GET', path, idempotent: true }))),
        ),
    );
  }
  listEntries(query: EntryQuery) {
    const path = '/registry/entries';
    return this.#call((registry) =>
      registry
        .listEntries(query)
        .catch(ifUnknownRoute(() => this.#verifier.json(entryPage, { method: 'GET', path, query, idempotent: true }))),
    );
  }

  putBlob(body: Readable) {
    return this.#call((registry) => registry.putBlob(body, 'keep'));
  }
  findBlob(id: string) {
    return this.#call(async (registry) => (await registry.findBlob(id))?.stream ?? null);
  }
  findBlobSize(id: string) {
    return this.#call((registry) => registry.findBlobSize(id));
  }
  listBlobs(page: PageRequest) {
    return this.#call((registry) => registry.listBlobs(page));
  }

  listEvents(from: number, limit: number): Promise<ChainEvent[]> {
    return this.#call(async (registry) => (await registry.listEvents({ from, limit })).items as ChainEvent[]);
  }
  appendEvent(request: EventRequest) {
    return this.#call((registry) => registry.appendEvent(request));
  }
  checkpoint() {
    return this.#call(async (registry) => (await registry.checkpoint()).checkpoint);
  }
  inclusionProof(log_index: number, tree_size: number) {
    return this.#call(async (registry) => {
      const { inclusion_proof } = await registry.inclusion({ log_index, tree_size });
      return inclusion_proof.map((hash) => Buffer.from(hash, 'base64'));
    });
  }

  collectBlobs(request: CollectRequest) {
    return this.#call((registry) => registry.collectBlobs(request));
  }
  setHold(entryOrBundle: string, held: boolean) {
    return this.#call((registry) => registry.setHold(entryOrBundle, held));
  }
  eraseBundle(entryOrBundle: string, reason: ErasureReason) {
    return this.#call((registry) => registry.eraseBundle(entryOrBundle, reason));
  }
  applyRetention(request: RetentionRequest) {
    return this.#call((registry) => registry.applyRetention(request));
  }

  async close(): Promise<void> {
    await Promise.all([this.#registry.close(), this.#verifier.close()]);
  }

  /** Tells a service that is no registry from a registry that lacks something. */
  async #call<T>(call: (registry: RegistryClient) => Promise<T>): Promise<T> {
    try {
      return await call(this.#registry);
    } catch (error) {
      if (!isUnknownRoute(error)) throw error;
      throw new CapError(
        error.code,
        `${error.message}; the service at --url is not a registry (a verifier API only answers registry list, registry show and lists publish): give the address of the registry`,
        { cause: error, remote: error.remote },
      );
    }
  }
}

const isUnknownRoute = (error: unknown): error is CapError & { readonly remote: RemoteAnswer } =>
  isRemoteError(error) && error.status === 404 && ['route.unknown', 'request.refused'].includes(error.remote.code);

const ifUnknownRoute =
  <T>(other: () => Promise<T>) =>
  (error: unknown): Promise<T> => {
    if (!isUnknownRoute(error)) throw error;
    return other();
  };
