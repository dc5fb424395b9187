import type { Readable } from 'node:stream';
import { blobPage, blobRecord, type BlobRecord, type Retain } from './blobs.js';
import {
  entryPage,
  type EntryQuery,
  entryRecord,
  type EntryRecord,
  type EntryRequest,
  entryStored,
  type EntryStored,
} from './entries.js';
import {
  type EventPage,
  eventPage,
  type EventQuery,
  eventRecord,
  type EventRecord,
  type EventRequest,
} from './events.js';
import { type AnswerQuery, type KeyRequest, keyState, type KeyState, type LeaseRequest } from './idempotency.js';
import {
  listPage,
  type ListQuery,
  listRecord,
  type ListRecord,
  type ListRequest,
  listStored,
  type ListStored,
  type ListWithdrawal,
} from './lists.js';
import {
  type CheckpointRecord,
  checkpointRecord,
  type ConsistencyQuery,
  type ConsistencyRecord,
  consistencyRecord,
  type InclusionQuery,
  receipt,
  type ReceiptRecord,
} from './log.js';
import {
  collectionResult,
  type CollectionResult,
  type CollectRequest,
  type ErasureReason,
  erasureRecord,
  type ErasureRecord,
  heldEntries,
  type HeldEntries,
  type RetentionRequest,
  retentionResult,
  type RetentionResult,
} from './operations.js';
import type { Page, PageQuery } from './page.js';
import {
  policyPage,
  type PolicyQuery,
  policyRecord,
  type PolicyRecord,
  type PolicyRequest,
  type PolicyStatus,
  policyStored,
  type PolicyStored,
  type PolicySummary,
} from './policies.js';
import { orNull } from './or-null.js';
import { snapshotRecord, type SnapshotRecord } from './snapshots.js';
import { registryStatus, type RegistryStatus } from './status.js';
import { type Call, type CallContext, Transport, type TransportOptions } from './transport.js';

/** Bytes first..last, both included; without `last`, to the end. */
export interface ByteRange {
  first: number;
  last?: number;
}

/** A body that is being received. Read it to its end or destroy it. */
export interface Download {
  stream: Readable;
  /** Bytes of the stream (of the range, if one was asked). */
  size: number;
}

const rangeHeader = (range?: ByteRange): Record<string, string> =>
  range ? { range: `bytes=${range.first}-${range.last ?? ''}` } : {};
const keyPath = (id: string): string => `/v1/idempotency-keys/${segment(id)}`;
const segment = (text: string): string => encodeURIComponent(text);

/**
 * The registry's internal HTTP API. Every method throws CapError: with the status and code of the registry's problem
 * body, or with code `registry.unavailable` if it does not answer. Writes are durable once the promise resolves.
 * `find…` methods return null for what is not found.
 */
export class RegistryClient {
  readonly #transport: Transport;

  constructor(options: TransportOptions) {
    this.#transport = new Transport(options, 'registry');
  }

  /** Ends the connections once the calls in flight are answered. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  status(context: CallContext = {}): Promise<RegistryStatus> {
    return this.#transport.json(registryStatus, { ...context, ...get('/v1/status') });
  }

  /** Code policy.conflict if this id and version have other content. */
  storePolicy(request: PolicyRequest, context: CallContext = {}): Promise<PolicyStored> {
    return this.#transport.json(policyStored, { ...context, ...post('/v1/policies', request, true) });
  }

  listPolicies(query: PolicyQuery = {}, context: CallContext = {}): Promise<Page<PolicySummary>> {
    return this.#transport.json(policyPage, { ...context, ...get('/v1/policies', query) });
  }

  /** Looks a policy up by policy_id, hash in either form, or id (its newest active version). */
  findPolicy(ref: string, context: CallContext = {}): Promise<PolicyRecord | null> {
    return orNull(this.#transport.json(policyRecord, { ...context, ...get(`/v1/policies/${segment(ref)}`) }));
  }

  /** Code policy.unknown for an unknown policy. */
  setPolicyStatus(ref: string, status: PolicyStatus, context: CallContext = {}): Promise<PolicyRecord> {
    const path = `/v1/policies/${segment(ref)}/status`;
    return this.#transport.json(policyRecord, { ...context, method: 'PUT', path, json: { status }, idempotent: true });
  }

  storeList(request: ListRequest, context: CallContext = {}): Promise<ListStored> {
    return this.#transport.json(listStored, { ...context, ...post('/v1/lists', request, true) });
  }

  lists(query: ListQuery = {}, context: CallContext = {}): Promise<Page<ListRecord>> {
    return this.#transport.json(listPage, { ...context, ...get('/v1/lists', query) });
  }

  findList(hash: string, context: CallContext = {}): Promise<ListRecord | null> {
    return orNull(this.#transport.json(listRecord, { ...context, ...get(`/v1/lists/${segment(hash)}`) }));
  }

  /** Can't be undone; only the first withdrawal takes effect. Code list.unknown for an unknown list. */
  withdrawList(hash: string, request: ListWithdrawal, context: CallContext = {}): Promise<ListRecord> {
    const path = `/v1/lists/${segment(hash)}/withdraw`;
    return this.#transport.json(listRecord, { ...context, ...post(path, request, true) });
  }

  /** The raw CSV. */
  async findListContent(hash: string, context: CallContext = {}): Promise<Buffer | null> {
    const path = `/v1/lists/${segment(hash)}/content`;
    const answer = await orNull(this.#transport.send({ ...context, ...get(path) }));
    return answer && Buffer.from(await answer.body.arrayBuffer());
  }

  /** Streams a BLOB in. Only bytes in memory are sent again after a failure; a stream is not. */
  putBlob(body: Uint8Array | Readable, retain: Retain, context: CallContext = {}): Promise<BlobRecord> {
    const headers = { 'content-type': 'application/octet-stream' };
    const call: Call = { method: 'PUT', path: '/v1/blobs', query: { retain }, body, headers, idempotent: true };
    return this.#transport.json(blobRecord, { ...context, ...call });
  }

  listBlobs(query: PageQuery = {}, context: CallContext = {}): Promise<Page<BlobRecord>> {
    return this.#transport.json(blobPage, { ...context, ...get('/v1/blobs', query) });
  }

  /** Size in bytes. */
  async findBlobSize(id: string, context: CallContext = {}): Promise<number | null> {
    const call: Call = { method: 'HEAD', path: `/v1/blobs/${segment(id)}`, idempotent: true };
    const answer = await orNull(this.#transport.send({ ...context, ...call }));
    await answer?.body.dump();
    return answer && Number(answer.headers['content-length']);
  }

  findBlob(id: string, range?: ByteRange, context: CallContext = {}): Promise<Download | null> {
    return orNull(this.#download(`/v1/blobs/${segment(id)}`, range, context));
  }

  /** Moves what no row refers to into the trash, and purges what is old from it. */
  collectBlobs(request: CollectRequest = {}, context: CallContext = {}): Promise<CollectionResult> {
    return this.#transport.json(collectionResult, { ...context, ...post('/v1/blobs/collect', request, true) });
  }

  /** Puts an entry, or all entries of a bundle, on hold, or releases them. */
  setHold(id: string, held: boolean, context: CallContext = {}): Promise<HeldEntries> {
    const path = `/v1/entries/${segment(id)}/hold`;
    return this.#transport.json(heldEntries, { ...context, method: 'PUT', path, json: { held }, idempotent: true });
  }

  /** Erases the bundle of an entry, irrevocably. Codes bundle.held, bundle.shared. */
  eraseBundle(id: string, reason: ErasureReason, context: CallContext = {}): Promise<ErasureRecord> {
    const path = `/v1/entries/${segment(id)}/erase`;
    return this.#transport.json(erasureRecord, { ...context, ...post(path, { reason }, true) });
  }

  /** Erases the bundles past their retention, or only names them in a dry run. */
  applyRetention(request: RetentionRequest = {}, context: CallContext = {}): Promise<RetentionResult> {
    return this.#transport.json(retentionResult, { ...context, ...post('/v1/retention', request, true) });
  }

  /** Durable once resolved. Code bundle.unknown without the BLOB. */
  registerEntry(request: EntryRequest, context: CallContext = {}): Promise<EntryStored> {
    return this.#transport.json(entryStored, { ...context, ...post('/v1/entries', request, true) });
  }

  listEntries(query: EntryQuery = {}, context: CallContext = {}): Promise<Page<EntryRecord>> {
    return this.#transport.json(entryPage, { ...context, ...get('/v1/entries', query) });
  }

  findEntry(id: string, context: CallContext = {}): Promise<EntryRecord | null> {
    return orNull(this.#transport.json(entryRecord, { ...context, ...get(`/v1/entries/${segment(id)}`) }));
  }

  /** The first entry of a bundle in log order. */
  async findEntryOfBundle(bundleId: EntryRecord['bundle_id'], context: CallContext = {}): Promise<EntryRecord | null> {
    return (await this.listEntries({ bundle_id: bundleId, limit: 1 }, context)).items[0] ?? null;
  }

  /** Code idempotency.mismatch if the key was used for another request, idempotency.in-flight while the same one is in progress. */
  reserveKey(request: KeyRequest, context: CallContext = {}): Promise<KeyState> {
    return this.#transport.json(keyState, { ...context, ...post('/v1/idempotency-keys', request, true) });
  }

  /** Code idempotency.in-flight once somebody else has the key; likewise finishKey. */
  renewKey(id: string, request: LeaseRequest, context: CallContext = {}): Promise<void> {
    return this.#done({ ...context, method: 'PUT', path: `${keyPath(id)}/lease`, json: request, idempotent: true });
  }

  /** Stores the body of an answer; durable once resolved. */
  finishKey(id: string, query: AnswerQuery, body: Uint8Array, context: CallContext = {}): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' };
    const path = `${keyPath(id)}/answer`;
    return this.#done({ ...context, method: 'PUT', path, query, body, headers, idempotent: true });
  }

  releaseKey(id: string, lease_id: string, context: CallContext = {}): Promise<void> {
    return this.#done({ ...context, method: 'DELETE', path: keyPath(id), query: { lease_id }, idempotent: true });
  }

  listEvents(query: EventQuery = {}, context: CallContext = {}): Promise<EventPage> {
    return this.#transport.json(eventPage, { ...context, ...get('/v1/events', query) });
  }

  appendEvent(request: EventRequest, context: CallContext = {}): Promise<EventRecord> {
    return this.#transport.json(eventRecord, { ...context, ...post('/v1/events', request, false) });
  }

  /** The current checkpoint. */
  checkpoint(context: CallContext = {}): Promise<CheckpointRecord> {
    return this.#transport.json(checkpointRecord, { ...context, ...get('/v1/log/checkpoint') });
  }

  /** Code entry.unknown for an index beyond the tree. */
  inclusion(query: InclusionQuery, context: CallContext = {}): Promise<ReceiptRecord> {
    return this.#transport.json(receipt, { ...context, ...get('/v1/log/inclusion', query) });
  }

  consistency(query: ConsistencyQuery, context: CallContext = {}): Promise<ConsistencyRecord> {
    return this.#transport.json(consistencyRecord, { ...context, ...get('/v1/log/consistency', query) });
  }

  /** Code snapshot.busy (503) while another lease is in force. */
  createSnapshot(context: CallContext = {}): Promise<SnapshotRecord> {
    return this.#transport.json(snapshotRecord, { ...context, ...post('/v1/snapshots', {}, false) });
  }

  snapshotDatabase(id: string, range?: ByteRange, context: CallContext = {}): Promise<Download> {
    return this.#download(`/v1/snapshots/${segment(id)}/database`, range, context);
  }

  snapshotBlobs(id: string, query: PageQuery = {}, context: CallContext = {}): Promise<Page<BlobRecord>> {
    return this.#transport.json(blobPage, { ...context, ...get(`/v1/snapshots/${segment(id)}/blobs`, query) });
  }

  /** Ends the lease; a lease that has already ended is not an error. */
  async deleteSnapshot(id: string, context: CallContext = {}): Promise<void> {
    const call: Call = { method: 'DELETE', path: `/v1/snapshots/${segment(id)}`, idempotent: true };
    const answer = await orNull(this.#transport.send({ ...context, ...call }));
    await answer?.body.dump();
  }

  async #done(call: Call): Promise<void> {
    await (await this.#transport.send(call)).body.dump();
  }

  async #download(path: string, range: ByteRange | undefined, context: CallContext): Promise<Download> {
    const answer = await this.#transport.send({ ...context, ...get(path), headers: rangeHeader(range) });
    return { stream: answer.body, size: Number(answer.headers['content-length']) };
  }
}

const get = (path: string, query: Call['query'] = {}): Call => ({ method: 'GET', path, query, idempotent: true });
const post = (path: string, json: unknown, idempotent: boolean): Call => ({ method: 'POST', path, json, idempotent });
