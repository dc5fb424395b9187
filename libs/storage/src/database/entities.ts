import { EntitySchema, type EntitySchemaColumnOptions, type EntitySchemaOptions } from 'typeorm';
import type { EntryRecord } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import type { LogEpoch, StoredBlob, StoredList, StoredPolicy } from '../records.js';

export type Engine = 'sqlite' | 'postgres';

export interface EventRow {
  seq: number;
  ts: string;
  event: string;
  /** JCS. */
  details: string;
  prev_digest: Digest;
  digest: Digest;
}
/** A hash of the log's tree, at its position in the sequence of stored hashes. */
export interface LogHashRow {
  position: number;
  hash: Uint8Array;
}
export interface PolicyRow extends StoredPolicy {
  /** The event that stored the row; likewise in the tables below. */
  log_index: number;
}
export interface ListRow extends Omit<StoredList, 'newest_as_of' | 'withdrawn_at' | 'withdrawal_reason'> {
  log_index: number;
}
/** A withdrawal of every list with this content, whatever day it was published for. */
export interface ListWithdrawalRow {
  log_index: number;
  hash: string;
  id: string;
  reason: string;
  reason_salt: string;
  withdrawn_at: string;
}
export type EntryRow = Omit<EntryRecord, 'legal_hold'> & {
  company_salt: string | null;
  /** 0 or 1. */
  legal_hold: number;
};
export interface IdempotencyKeyRow {
  key_id: Digest;
  request_digest: Digest;
  lease_id: string;
  lease_until: string;
  expires_at: string;
  /** HTTP status of the answer; null while the request is processed. */
  status: number | null;
  answer: Digest | null;
}

export interface SnapshotLeaseRow {
  id: string;
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

/** The row of each table. */
export interface Rows {
  events: EventRow;
  log_hashes: LogHashRow;
  epochs: LogEpoch;
  blobs: StoredBlob;
  policies: PolicyRow;
  lists: ListRow;
  list_withdrawals: ListWithdrawalRow;
  entries: EntryRow;
  idempotency_keys: IdempotencyKeyRow;
  snapshot_leases: SnapshotLeaseRow;
}
export type TableName = keyof Rows;

/** How an engine spells the three types there are. PostgreSQL compares texts byte by byte, as SQLite does. */
const TYPES: Record<Engine, Record<'text' | 'integer' | 'bytes', EntitySchemaColumnOptions>> = {
  sqlite: { text: { type: 'text' }, integer: { type: 'integer' }, bytes: { type: 'blob' } },
  postgres: { text: { type: 'text', collation: 'C' }, integer: { type: 'bigint' }, bytes: { type: 'bytea' } },
};

type Table<Row> = Omit<EntitySchemaOptions<Row>, 'name' | 'columns'> & {
  columns: Record<keyof Row, EntitySchemaColumnOptions>;
};

/**
 * The schema: tables, columns, keys and indexes, in an order in which no row refers to a later table. A test holds the migrations
 * to it. Left to the migrations is what TypeORM has no words for: triggers, an index over an expression, and the one row
 * `totals`, which has no key.
 */
export function entitiesFor(engine: Engine): EntitySchema[] {
  const { text, integer, bytes } = TYPES[engine];
  const optional = (column: EntitySchemaColumnOptions) => ({ ...column, nullable: true });
  const key = (column: EntitySchemaColumnOptions) => ({ ...column, primary: true });
  const unique = (column: EntitySchemaColumnOptions) => ({ ...column, unique: true });
  // An event is stored at the end of the transaction of the rows that it stands for. SQLite is told so as each one begins.
  const event = (column: string) => ({
    target: 'events',
    columnNames: [column],
    referencedColumnNames: ['seq'],
    ...(engine === 'postgres' ? { deferrable: 'INITIALLY DEFERRED' as const } : {}),
  });
  const blob = (column: string) => ({ target: 'blobs', columnNames: [column], referencedColumnNames: ['blob_id'] });
  const index = (name: string, columns: string[], where?: string) => ({ name, columns, ...(where ? { where } : {}) });
  const table = <Name extends TableName>(name: Name, options: Table<Rows[Name]>): EntitySchema =>
    new EntitySchema({ name, ...options });

  return [
    table('events', {
      columns: { seq: key(integer), ts: text, event: text, details: text, prev_digest: text, digest: unique(text) },
    }),
    table('log_hashes', { columns: { position: key(integer), hash: bytes } }),
    table('epochs', {
      columns: { epoch: key(integer), first_index: integer },
      foreignKeys: [event('first_index')],
    }),
    table('blobs', {
      columns: { blob_id: key(text), size: integer, retain_until: optional(text), erased_at: optional(text) },
      indices: [index('blobs_expiry', ['retain_until'], 'retain_until IS NOT NULL')],
      withoutRowid: true,
    }),
    table('policies', {
      columns: {
        log_index: key(integer),
        policy_hash: unique(text),
        policy_id: unique(text),
        format: text,
        id: text,
        version: text,
        status: text,
        document: text,
        created_at: text,
      },
      foreignKeys: [event('log_index')],
      indices: [index('policies_by_id', ['id', 'log_index']), index('policies_by_status', ['status', 'log_index'])],
    }),
    table('lists', {
      columns: {
        log_index: key(integer),
        hash: text,
        id: text,
        kind: text,
        as_of: text,
        blob_id: text,
        size: integer,
        entries: integer,
        unmatchable: { ...optional(text), type: 'simple-json' },
        created_at: text,
      },
      foreignKeys: [event('log_index'), blob('blob_id')],
      uniques: [{ columns: ['hash', 'as_of'] }],
      indices: [index('lists_by_id', ['id', 'log_index']), index('lists_by_age', ['id', 'as_of'])],
    }),
    table('list_withdrawals', {
      columns: {
        log_index: key(integer),
        hash: unique(text),
        id: text,
        reason: text,
        reason_salt: text,
        withdrawn_at: text,
      },
      foreignKeys: [event('log_index')],
    }),
    table('entries', {
      columns: {
        log_index: key(integer),
        entry_id: unique(text),
        registered_at: text,
        bundle_id: text,
        manifest_hash: optional(text),
        proof_hash: optional(text),
        policy_hash: optional(text),
        result: text,
        report_hash: text,
        signer_kid: optional(text),
        company: optional(text),
        company_salt: optional(text),
        erased_at: optional(text),
        legal_hold: { ...integer, default: () => '0' },
      },
      foreignKeys: [event('log_index'), blob('bundle_id')],
      indices: ['bundle_id', 'policy_hash', 'signer_kid', 'company', 'result', 'registered_at'].map((column) =>
        index(`entries_by_${column}`, [column, 'log_index']),
      ),
    }),
    table('idempotency_keys', {
      columns: {
        key_id: key(text),
        request_digest: text,
        lease_id: text,
        lease_until: text,
        expires_at: text,
        status: optional(integer),
        answer: optional(text),
      },
      foreignKeys: [{ ...blob('answer'), onDelete: 'CASCADE' }],
      indices: [
        index('idempotency_keys_by_expiry', ['expires_at']),
        index('idempotency_keys_by_answer', ['answer'], 'answer IS NOT NULL'),
      ],
      withoutRowid: true,
    }),
    table('snapshot_leases', {
      columns: {
        id: key(text),
        taken_at: text,
        expires_at: text,
        log_size: integer,
        head_digest: text,
        database_size: integer,
        blobs: integer,
        blob_bytes: integer,
      },
      withoutRowid: true,
    }),
  ];
}
