import { type EntitySchemaColumnOptions, EntitySchema } from 'typeorm';
import { type StoredBlob, type StoredEntry, type StoredList, type StoredPolicy } from '../stores.js';

const text: EntitySchemaColumnOptions = { type: 'text' };
const optionalText: EntitySchemaColumnOptions = { type: 'text', nullable: true };
/** SQLite keeps 64 bits in any integer; PostgreSQL does in a bigint. Both drivers are told to give numbers. */
const integer: EntitySchemaColumnOptions = { type: 'bigint' };
const json: EntitySchemaColumnOptions = { type: 'simple-json' };

export interface EventRow {
  seq: number;
  ts: string;
  event: string;
  /** JCS. */
  details: string;
  prev_digest: string;
  digest: string;
}
export interface PolicyRow extends StoredPolicy {
  /** Position in order of storing. */
  log_index: number;
}
export interface ListRow extends Omit<StoredList, 'newest_as_of' | 'withdrawn_at' | 'withdrawal_reason'> {
  log_index: number;
}
/** Of every list with this content, whatever day it was published for. */
export interface ListWithdrawalRow {
  log_index: number;
  hash: string;
  id: string;
  reason: string;
  reason_salt: string;
  withdrawn_at: string;
}
export interface EntryRow extends Omit<StoredEntry, 'legal_hold'> {
  company_salt: string | null;
  /** 0 or 1. */
  legal_hold: number;
}

/** The tables of migrations.ts, for reading. Indexes, triggers and foreign keys stand there. */
export const Events = new EntitySchema<EventRow>({
  name: 'events',
  columns: {
    seq: { ...integer, primary: true },
    ts: text,
    event: text,
    details: text,
    prev_digest: text,
    digest: text,
  },
});
export const Policies = new EntitySchema<PolicyRow>({
  name: 'policies',
  columns: {
    log_index: { ...integer, primary: true },
    policy_hash: text,
    policy_id: text,
    format: text,
    id: text,
    version: text,
    status: text,
    document: text,
    created_at: text,
  },
});
export const Lists = new EntitySchema<ListRow>({
  name: 'lists',
  columns: {
    log_index: { ...integer, primary: true },
    hash: text,
    id: text,
    kind: text,
    as_of: text,
    blob_id: text,
    size: integer,
    entries: integer,
    unmatchable: { ...json, nullable: true },
    created_at: text,
  },
});
export const Entries = new EntitySchema<EntryRow>({
  name: 'entries',
  columns: {
    log_index: { ...integer, primary: true },
    entry_id: text,
    registered_at: text,
    bundle_id: text,
    manifest_hash: optionalText,
    proof_hash: optionalText,
    policy_hash: optionalText,
    result: text,
    report_hash: text,
    signer_kid: optionalText,
    company: optionalText,
    company_salt: optionalText,
    erased_at: optionalText,
    legal_hold: integer,
  },
});
export const Blobs = new EntitySchema<StoredBlob>({
  name: 'blobs',
  columns: { blob_id: { ...text, primary: true }, size: integer, retain_until: optionalText, erased_at: optionalText },
});

export const ENTITIES = [Events, Policies, Lists, Entries, Blobs];
