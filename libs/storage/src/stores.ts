/**
 * What the database holds, and the seams of the storage profiles: where BLOBs and checkpoints are, in files or in a bucket. A
 * promise of a write resolves only once the write is durable.
 */
import { type Readable } from 'node:stream';
import { type Digest } from '@cap/crypto';

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

export type StoredBlob = {
  blob_id: Digest;
  size: number;
  /** RFC 3339 UTC after which an upload is unknown; null: kept. */
  retain_until: string | null;
  /** Since when its bytes are gone for good; the row stays, since entries refer to it. */
  erased_at: string | null;
};

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
