/** What the database holds, as far as it is not the same on the wire: the contracts of the HTTP API name the rest. */
import type { EntryRequest, ListRecord, PolicySummary, RegistryStatus } from '@cap/contracts';
import type { Digest } from '@cap/crypto';

export type StoredPolicy = PolicySummary & {
  /** The text that the hash covers. */
  document: string;
};
export type NewPolicy = Omit<StoredPolicy, 'created_at'>;

export type StoredList = ListRecord & {
  /** Where the CSV is in the BLOB store. */
  blob_id: Digest;
};
export type NewList = Omit<StoredList, 'created_at' | 'newest_as_of' | 'withdrawn_at' | 'withdrawal_reason'>;

export type NewEntry = EntryRequest;

export type StoredBlob = {
  blob_id: Digest;
  size: number;
  /** RFC 3339 UTC after which an upload is unknown; null: kept. */
  retain_until: string | null;
  /** Since when its bytes are gone for good; the row stays, since entries refer to it. */
  erased_at: string | null;
};

export type RegistryTotals = Omit<RegistryStatus, 'version'>;

export interface LogEpoch {
  epoch: number;
  first_index: number;
}

/** What a write left in the database. */
export interface Stored<T> {
  record: T;
  /** False if the same content was there: the first record is given and the log has not grown. */
  created: boolean;
}
