import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Migration } from './schema-version.js';

/** Schema 1 of PostgreSQL: what SQLite has after its schema 3. Texts compare byte by byte, as they do there. */
class Registry1 implements MigrationInterface {
  readonly name = 'PostgresRegistry1772323200000';
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of SCHEMA_1) await runner.query(statement.replaceAll('TEXT', 'TEXT COLLATE "C"'));
  }
  down(): Promise<void> {
    throw new Error('a registry is not taken back to before its first schema: restore a backup instead');
  }
}

const SCHEMA_1 = [
  `CREATE TABLE events (
     seq BIGINT PRIMARY KEY, ts TEXT NOT NULL, event TEXT NOT NULL, details TEXT NOT NULL,
     prev_digest TEXT NOT NULL, digest TEXT NOT NULL UNIQUE)`,
  `CREATE TABLE log_hashes (position BIGINT PRIMARY KEY, hash BYTEA NOT NULL)`,
  // The log is append-only for this program's own mistakes too; against others stands the hash chain.
  `CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$`,
  ...['events', 'log_hashes'].map(
    (table) => `CREATE TRIGGER ${table}_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
                  FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only()`,
  ),
  `CREATE TABLE epochs (
     epoch BIGINT PRIMARY KEY, first_index BIGINT NOT NULL REFERENCES events (seq) DEFERRABLE INITIALLY DEFERRED)`,
  `CREATE TABLE blobs (blob_id TEXT PRIMARY KEY, size BIGINT NOT NULL, retain_until TEXT, erased_at TEXT)`,
  `CREATE INDEX blobs_expiry ON blobs (retain_until) WHERE retain_until IS NOT NULL`,
  `CREATE TABLE policies (
     log_index BIGINT PRIMARY KEY REFERENCES events (seq) DEFERRABLE INITIALLY DEFERRED, policy_hash TEXT NOT NULL UNIQUE,
     policy_id TEXT NOT NULL UNIQUE, format TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL,
     document TEXT NOT NULL, created_at TEXT NOT NULL)`,
  `CREATE INDEX policies_by_id ON policies (id, log_index)`,
  `CREATE INDEX policies_by_status ON policies (status, log_index)`,
  `CREATE TABLE lists (
     log_index BIGINT PRIMARY KEY REFERENCES events (seq) DEFERRABLE INITIALLY DEFERRED, hash TEXT NOT NULL,
     id TEXT NOT NULL, kind TEXT NOT NULL, as_of TEXT NOT NULL, blob_id TEXT NOT NULL REFERENCES blobs (blob_id),
     size BIGINT NOT NULL, entries BIGINT NOT NULL, unmatchable TEXT, created_at TEXT NOT NULL, UNIQUE (hash, as_of))`,
  `CREATE INDEX lists_by_id ON lists (id, log_index)`,
  `CREATE INDEX lists_by_age ON lists (id, as_of)`,
  `CREATE TABLE entries (
     log_index BIGINT PRIMARY KEY REFERENCES events (seq) DEFERRABLE INITIALLY DEFERRED, entry_id TEXT NOT NULL UNIQUE,
     registered_at TEXT NOT NULL, bundle_id TEXT NOT NULL REFERENCES blobs (blob_id), manifest_hash TEXT,
     proof_hash TEXT, policy_hash TEXT, result TEXT NOT NULL, report_hash TEXT NOT NULL, signer_kid TEXT, company TEXT,
     company_salt TEXT, erased_at TEXT, legal_hold BIGINT NOT NULL DEFAULT 0)`,
  // In an index NULLs differ from each other; here no policy is one policy.
  `CREATE UNIQUE INDEX entries_once ON entries (bundle_id, coalesce(policy_hash, ''), report_hash)`,
  ...['bundle_id', 'policy_hash', 'signer_kid', 'company', 'result', 'registered_at'].map(
    (column) => `CREATE INDEX entries_by_${column} ON entries (${column}, log_index)`,
  ),
  `CREATE TABLE totals (entries BIGINT NOT NULL, blob_bytes BIGINT NOT NULL) WITH (fillfactor = 10)`,
  `INSERT INTO totals VALUES (0, 0)`,
  `CREATE TABLE idempotency_keys (
     key_id TEXT PRIMARY KEY, request_digest TEXT NOT NULL, lease_id TEXT NOT NULL, lease_until TEXT NOT NULL,
     expires_at TEXT NOT NULL, status BIGINT, answer TEXT REFERENCES blobs (blob_id) ON DELETE CASCADE)`,
  `CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at)`,
  `CREATE INDEX idempotency_keys_by_answer ON idempotency_keys (answer) WHERE answer IS NOT NULL`,
  `CREATE TABLE snapshot_leases (
     id TEXT PRIMARY KEY, taken_at TEXT NOT NULL, expires_at TEXT NOT NULL, log_size BIGINT NOT NULL,
     head_digest TEXT NOT NULL, database_size BIGINT NOT NULL, blobs BIGINT NOT NULL, blob_bytes BIGINT NOT NULL)`,
];

/** Schema 2: withdrawn reference lists, as in SQLite's schema 4. */
class ListWithdrawals2 implements MigrationInterface {
  readonly name = 'PostgresListWithdrawals1795996800000';
  async up(runner: QueryRunner): Promise<void> {
    const statement = `CREATE TABLE list_withdrawals (
      log_index BIGINT PRIMARY KEY REFERENCES events (seq) DEFERRABLE INITIALLY DEFERRED, hash TEXT NOT NULL UNIQUE,
      id TEXT NOT NULL, reason TEXT NOT NULL, reason_salt TEXT NOT NULL, withdrawn_at TEXT NOT NULL)`;
    await runner.query(statement.replaceAll('TEXT', 'TEXT COLLATE "C"'));
  }
  down(): Promise<void> {
    throw new Error('the log may say that a list was withdrawn: restore a backup instead');
  }
}

/** In order. A released one is never changed. */
export const POSTGRES_MIGRATIONS: readonly Migration[] = [Registry1, ListWithdrawals2];
