/**
 * The two seams of the storage profiles. The embedded profile is SQLite plus files; another one (PostgreSQL plus an object
 * store) enters as another implementation of these interfaces. A promise of a write resolves only once the write is durable.
 */
import { type Readable } from 'node:stream';
import { type ChainEvent, type HashReader } from '@cap/tlog';
import { type Digest } from '@cap/crypto';
import { type JsonObject } from '@cap/core';

export type PolicyStatus = 'active' | 'deprecated' | 'draft';
export type Verdict = 'ok' | 'warn' | 'fail';

export interface NewPolicy {
  /** v1: UUIDv8 of the hash; v2: `id@version`. Unique. */
  policy_id: string;
  format: 'v1' | 'v2';
  id: string;
  version: string;
  policy_hash: Digest;
  /** The text that the hash covers. */
  document: string;
  status: PolicyStatus;
}
export interface StoredPolicy extends NewPolicy {
  created_at: string;
}

export interface NewList {
  /** SHA3-256 of the raw CSV. */
  hash: Digest;
  id: string;
  kind: 'sanctions' | 'jurisdictions';
  as_of: string;
  /** Where the CSV is in the BLOB store. */
  blob_id: Digest;
  size: number;
  entries: number;
  /** Entries that can't match, by identifier scheme; null if none are matched. */
  unmatchable: Record<'id' | 'name' | 'person', number> | null;
}
export interface StoredList extends NewList {
  created_at: string;
  /** The as_of of the newest list with this id that was not withdrawn; null if all were. */
  newest_as_of: string | null;
  /** RFC 3339 UTC since when nobody should rely on this content any more, and why; null if it was not withdrawn. */
  withdrawn_at: string | null;
  withdrawal_reason: string | null;
}

export interface NewEntry {
  bundle_id: Digest;
  manifest_hash: Digest | null;
  proof_hash: Digest | null;
  policy_hash: Digest | null;
  result: Verdict;
  report_hash: Digest;
  signer_kid: string | null;
  company: string | null;
}
export interface StoredEntry extends NewEntry {
  entry_id: string;
  registered_at: string;
  log_index: number;
  /** RFC 3339 UTC since when bundle and company are gone; the entry and its proofs stay. */
  erased_at: string | null;
  /** Neither retention nor an erasure may touch it. */
  legal_hold: boolean;
}

export interface StoredBlob {
  blob_id: Digest;
  size: number;
  /** RFC 3339 UTC after which an upload is unknown; null: kept. */
  retain_until: string | null;
  /** Since when its bytes are gone for good; the row stays, since entries refer to it. */
  erased_at: string | null;
}

export type ErasureReason = 'personal-data' | 'retention';
export interface Erasure {
  bundle_id: Digest;
  erased_at: string;
  /** How many entries it had. */
  entries: number;
}
/** A bundle and the place in the log of its newest entry. */
export interface AgedBundle {
  bundle_id: Digest;
  registered_at: string;
  log_index: number;
}

export interface Page<T> {
  items: T[];
  /** Opaque; null on the last page. */
  next_cursor: string | null;
}
export interface PageRequest {
  cursor?: string | undefined;
  limit: number;
}
export interface EntryFilter {
  bundle_id?: string | undefined;
  bundle_prefix?: string | undefined;
  policy_hash?: string | undefined;
  signer_kid?: string | undefined;
  company?: string | undefined;
  result?: Verdict | undefined;
  /** Registered at or after. */
  from?: string | undefined;
  /** Registered before. */
  to?: string | undefined;
}

export interface RegistryTotals {
  log_size: number;
  /** Digest of the newest event; zeros for an empty log. */
  head_digest: Digest;
  entries: number;
  blob_bytes: number;
}

export interface LogEpoch {
  epoch: number;
  first_index: number;
}

/** Reads see what was committed. Pages cost O(page). A cursor that no listing gave is CapError request.schema. */
export interface RegistryReader {
  totals(): Promise<RegistryTotals>;
  /** By policy_id, hash in either form, or id (its newest active version). */
  findPolicy(ref: string): Promise<StoredPolicy | null>;
  listPolicies(
    page: PageRequest,
    filter?: { status?: PolicyStatus | undefined; id?: string | undefined },
  ): Promise<Page<StoredPolicy>>;
  /** The newest as_of of the list with this hash. */
  findList(hash: string): Promise<StoredList | null>;
  listLists(page: PageRequest, filter?: { id?: string | undefined }): Promise<Page<StoredList>>;
  findEntry(entryId: string): Promise<StoredEntry | null>;
  listEntries(page: PageRequest, filter?: EntryFilter): Promise<Page<StoredEntry>>;
  listEvents(from: number, limit: number): Promise<ChainEvent[]>;
  /** An expired upload is unknown, whether it was swept yet or not. */
  findBlob(blobId: string): Promise<StoredBlob | null>;
  /** Of these, the ones that a row wants, expired or not, and those that were erased. */
  wantedBlobs(blobIds: readonly Digest[]): Promise<{ wanted: Set<string>; erased: Set<string> }>;
  listBlobs(page: PageRequest): Promise<Page<StoredBlob>>;
  /** The epoch of the log, from 1, and the index of its first event. */
  epoch(): Promise<LogEpoch>;
  /** The stored hashes of the log's tree at these positions; see tree.ts of @cap/crypto. */
  logHashes(positions: readonly number[]): Promise<HashReader>;
  close(): Promise<void>;
}

export interface Stored<T> {
  record: T;
  /** False if the same content was there: the first record is given and the log has not grown. */
  created: boolean;
}

/** Who wants a key, and for which request. */
export interface KeyReservation {
  /** Digest of whose key it is, on which route, and its text. */
  key_id: Digest;
  /** Digest of the request's content: another one under the same key is a mistake of the caller. */
  request_digest: Digest;
  /** Chosen by the caller; the same one again is the same reservation. */
  lease_id: string;
  lease_ms: number;
}
/** HTTP status of an answer, and the BLOB that holds its body. */
export interface KeptAnswer {
  status: number;
  blob_id: Digest;
}

/**
 * Keys under which a request is carried out once. A key lives 24 h from its reservation; without an answer it binds only
 * while its lease holds. No event of the log: who asked twice is no state of the registry.
 */
export interface IdempotencyKeys {
  /** The kept answer, or null: the caller holds the key. CapError idempotency.mismatch, idempotency.in-flight. */
  reserve(reservation: KeyReservation): Promise<KeptAnswer | null>;
  /** The lease holds for another lease_ms from now. CapError idempotency.in-flight once somebody else has the key. */
  renew(keyId: Digest, leaseId: string, leaseMs: number): Promise<void>;
  /** Keeps the answer. CapError idempotency.in-flight once somebody else has the key. */
  finish(keyId: Digest, leaseId: string, answer: KeptAnswer): Promise<void>;
  /** The key is free again, unless it has an answer or somebody else has it. */
  release(keyId: Digest, leaseId: string): Promise<void>;
  /** Number of keys removed whose time has passed, at most `limit`. */
  forgetExpired(limit: number): Promise<number>;
}

/** A state of the registry that is lent out, and what the copy of it holds. */
export interface SnapshotLease {
  id: string;
  /** RFC 3339 UTC. */
  taken_at: string;
  expires_at: string;
  log_size: number;
  head_digest: Digest;
  /** Bytes of the database copy; 0 while it is being made. */
  database_size: number;
  /** Number and bytes of the BLOBs that the copy refers to. */
  blobs: number;
  blob_bytes: number;
}

/** Who may have a snapshot: one at a time, in every process that shares the database. While a lease lives no BLOB is forgotten. */
export interface SnapshotLeases {
  /** CapError snapshot.busy while another one lives. */
  take(id: string, ms: number): Promise<void>;
  /** CapError snapshot.unknown once it is gone; likewise renew. */
  describe(lease: Omit<SnapshotLease, 'taken_at' | 'expires_at'>): Promise<void>;
  renew(id: string, ms: number): Promise<void>;
  /** Null once its time has passed. */
  find(id: string): Promise<SnapshotLease | null>;
  active(): Promise<boolean>;
  /** False if it was not there. */
  release(id: string): Promise<boolean>;
  clear(): Promise<void>;
}

/** Every state change is one event of the hash chain, in the transaction of the change. */
export interface RegistryStore extends RegistryReader {
  readonly idempotency: IdempotencyKeys;
  readonly leases: SnapshotLeases;
  /** CapError policy.conflict if the policy_id has other content. */
  storePolicy(policy: NewPolicy): Promise<Stored<StoredPolicy>>;
  /** CapError policy.unknown. */
  setPolicyStatus(policyHash: Digest, status: PolicyStatus): Promise<StoredPolicy>;
  /** CapError list.conflict if this content is known under another id or kind; bundle.unknown without the BLOB. */
  storeList(list: NewList): Promise<Stored<StoredList>>;
  /** For good, and the first time counts: withdrawn again it stays as it is. CapError list.unknown. */
  withdrawList(hash: string, reason: string): Promise<void>;
  /** Keeps the bundle's BLOB from now on. CapError bundle.unknown without it. */
  registerEntry(entry: NewEntry): Promise<Stored<StoredEntry>>;
  appendEvent(event: string, details: JsonObject): Promise<ChainEvent>;
  /**
   * Begins the next epoch with an event that names the last checkpoint known of the log, a signed note, or null. What was
   * signed from then on has an origin of its own, so that a log that was taken back never signs two trees under one.
   * `after`: the newest epoch that is known to have been in use elsewhere; the new one comes after it too.
   */
  startEpoch(lastCheckpoint: string | null, after?: number): Promise<LogEpoch>;
  /** Notes a BLOB that is in the BLOB store; retainUntil null keeps it. Never shortens what was promised before. */
  recordBlob(blobId: Digest, size: number, retainUntil: string | null): Promise<StoredBlob>;
  /** Runs `removal` unless a row wants the BLOB, with no row for it coming meanwhile; false if one does. It may run twice. */
  whileUnwanted(blobId: Digest, removal: () => Promise<void>): Promise<boolean>;
  /**
   * Holds an entry, or all entries of a bundle, or lets them go: an event for each one that changes. CapError entry.unknown.
   */
  setLegalHold(entryOrBundle: string, held: boolean): Promise<StoredEntry[]>;
  /**
   * The bundle of an entry, or a bundle by its id, is gone for good, and what its entries say in clear of the company; entries,
   * leaves and proofs stay. Its bytes are the caller's to remove. Once more changes nothing. CapError entry.unknown; bundle.held, bundle.shared.
   */
  eraseBundle(entryOrBundle: string, reason: ErasureReason): Promise<Erasure>;
  /** Bundles with no entry since that moment that none holds, oldest first. */
  bundlesOlderThan(moment: string, limit: number, after?: number): Promise<AgedBundle[]>;
  /**
   * Forgets a BLOB whose time has passed, and removes it while no row for it can come; false if it is wanted, or a snapshot is
   * lent out. `removal` may run twice.
   */
  forgetExpiredBlob(blobId: Digest, removal: () => Promise<void>): Promise<boolean>;
  expiredBlobs(limit: number): Promise<Digest[]>;
  countExpiredBlobs(): Promise<number>;
  /** Writes a consistent copy of the database to a file while writes go on. */
  copyTo(file: string): Promise<void>;
  /** About how many bytes such a copy has. */
  bytes(): Promise<number>;
  /** How long the writes that are being committed have waited for the database, ms; 0 if there are none. */
  writingForMs(): number;
  /** Bytes of the write-ahead log beside the database's file; 0 where a server has it. */
  walBytes(): Promise<number>;
}

/** The newest signed checkpoint of each epoch, kept outside of the database so that a log that was cut or rewritten is found. */
export interface CheckpointStore {
  read(epoch: number): Promise<string | null>;
  /** Replaces the epoch's note; durable once resolved. */
  write(epoch: number, note: string): Promise<void>;
  /** Ascending. */
  epochs(): Promise<number[]>;
}

/** Bytes first..last, both included. */
export interface ByteRange {
  first: number;
  last: number;
}

/** Bytes that are on the local disk, hashed, but have no name in the store yet. Ends with exactly one of publish and discard. */
export interface SpooledBlob {
  blob_id: Digest;
  size: number;
  /** Durable once resolved. */
  publish(): Promise<void>;
  discard(): Promise<void>;
}

/** BLOBs are written once, named by the BLAKE3 of their bytes. */
export interface BlobStore {
  /** CapError request.too-large above maxBytes; what was received is gone then, as after an error of the body. */
  spool(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpooledBlob>;
  size(id: Digest): Promise<number | null>;
  /**
   * The bytes, hashed again on the way: a BLOB that has changed ends in CapError blob.corrupt before its last piece.
   * A part (range) can't be checked against the name; whoever puts parts together hashes the whole.
   */
  read(id: Digest, range?: ByteRange): Promise<Readable | null>;
  /** At once and for good. */
  remove(id: Digest): Promise<void>;
  /** In the order of ids, never what is in the trash; with a moment only those that were last published before it. */
  list(publishedBefore?: Date): AsyncIterable<Digest>;
  /** The first step of deleting: it is unknown from now on, but can be brought back. Nothing happens if it is not there. */
  trash(id: Digest): Promise<void>;
  /** Back from the trash; false if it is not there. */
  restore(id: Digest): Promise<boolean>;
  listTrash(trashedBefore?: Date): AsyncIterable<Digest>;
  /** The second step: what came to the trash before this moment is gone. Gives its number. */
  purgeTrash(before: Date): Promise<number>;
  /** Bytes that are free. Throws what keeps the store from being written. */
  room(): Promise<number>;
}
