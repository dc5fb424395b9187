import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Migration } from './schema-version.js';
import { fillLogHashes } from './log-hashes.js';

/** Schema 1: the first released one. Written once; a change of the schema is another class below. */
class Registry1 implements MigrationInterface {
  // TypeORM orders by the 13 digits at the end of the name.
  readonly name = 'Registry1767225600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of SCHEMA_1) await runner.query(statement);
  }

  down(): Promise<void> {
    throw new Error('a registry is not taken back to before its first schema: restore a backup instead');
  }
}

const SCHEMA_1 = [
  `CREATE TABLE events (
     seq INTEGER PRIMARY KEY, ts TEXT NOT NULL, event TEXT NOT NULL, details TEXT NOT NULL,
     prev_digest TEXT NOT NULL, digest TEXT NOT NULL UNIQUE)`,
  // The log is append-only for this program's own mistakes too; against others stands the hash chain.
  `CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END`,
  `CREATE TRIGGER events_never_go BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END`,

  `CREATE TABLE blobs (blob_id TEXT PRIMARY KEY, size INTEGER NOT NULL, retain_until TEXT) WITHOUT ROWID`,
  `CREATE INDEX blobs_expiry ON blobs (retain_until) WHERE retain_until IS NOT NULL`,

  `CREATE TABLE policies (
     log_index INTEGER PRIMARY KEY REFERENCES events (seq), policy_hash TEXT NOT NULL UNIQUE, policy_id TEXT NOT NULL UNIQUE,
     format TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL,
     created_at TEXT NOT NULL)`,
  `CREATE INDEX policies_by_id ON policies (id, log_index)`,
  `CREATE INDEX policies_by_status ON policies (status, log_index)`,

  `CREATE TABLE lists (
     log_index INTEGER PRIMARY KEY REFERENCES events (seq), hash TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
     as_of TEXT NOT NULL, blob_id TEXT NOT NULL REFERENCES blobs (blob_id), size INTEGER NOT NULL, entries INTEGER NOT NULL,
     unmatchable TEXT, created_at TEXT NOT NULL, UNIQUE (hash, as_of))`,
  `CREATE INDEX lists_by_id ON lists (id, log_index)`,
  `CREATE INDEX lists_by_age ON lists (id, as_of)`,

  `CREATE TABLE entries (
     log_index INTEGER PRIMARY KEY REFERENCES events (seq), entry_id TEXT NOT NULL UNIQUE, registered_at TEXT NOT NULL,
     bundle_id TEXT NOT NULL REFERENCES blobs (blob_id), manifest_hash TEXT, proof_hash TEXT, policy_hash TEXT,
     result TEXT NOT NULL, report_hash TEXT NOT NULL, signer_kid TEXT, company TEXT, company_salt TEXT)`,
  // In an index NULLs differ from each other; here no policy is one policy.
  `CREATE UNIQUE INDEX entries_once ON entries (bundle_id, ifnull(policy_hash, ''), report_hash)`,
  ...['bundle_id', 'policy_hash', 'signer_kid', 'company', 'result', 'registered_at'].map(
    (column) => `CREATE INDEX entries_by_${column} ON entries (${column}, log_index)`,
  ),

  // Counted as rows come and go, since counting a million of them for each scrape is not O(1).
  `CREATE TABLE totals (entries INTEGER NOT NULL, blob_bytes INTEGER NOT NULL)`,
  `INSERT INTO totals VALUES (0, 0)`,
  `CREATE TRIGGER entries_counted AFTER INSERT ON entries BEGIN UPDATE totals SET entries = entries + 1; END`,
  `CREATE TRIGGER blobs_counted AFTER INSERT ON blobs BEGIN UPDATE totals SET blob_bytes = blob_bytes + NEW.size; END`,
  `CREATE TRIGGER blobs_uncounted AFTER DELETE ON blobs BEGIN UPDATE totals SET blob_bytes = blob_bytes - OLD.size; END`,
];

/** Schema 2: keys under which a request is carried out once. */
class IdempotencyKeys2 implements MigrationInterface {
  readonly name = 'IdempotencyKeys1767312000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of SCHEMA_2) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_keys');
  }
}

const SCHEMA_2 = [
  `CREATE TABLE idempotency_keys (
     key_id TEXT PRIMARY KEY, request_digest TEXT NOT NULL, lease_id TEXT NOT NULL, lease_until TEXT NOT NULL,
     expires_at TEXT NOT NULL, status INTEGER, answer TEXT REFERENCES blobs (blob_id) ON DELETE CASCADE) WITHOUT ROWID`,
  `CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at)`,
  `CREATE INDEX idempotency_keys_by_answer ON idempotency_keys (answer) WHERE answer IS NOT NULL`,
];

/** Schema 3: the log's Merkle tree and its epochs, leases of snapshots, legal hold and erasure. */
class MerkleLog3 implements MigrationInterface {
  readonly name = 'MerkleLog1772323200000';
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of SCHEMA_3) await runner.query(statement);
    await fillLogHashes({
      events: (from, limit) => runner.query('SELECT * FROM events WHERE seq >= ? ORDER BY seq LIMIT ?', [from, limit]),
      store: async (position, hash) =>
        void (await runner.query('INSERT INTO log_hashes VALUES (?, ?)', [position, hash])),
    });
  }
  down(): Promise<void> {
    throw new Error('checkpoints may have been signed for this log: restore a backup instead');
  }
}

const SCHEMA_3 = [
  `CREATE TABLE log_hashes (position INTEGER PRIMARY KEY, hash BLOB NOT NULL)`,
  `CREATE TRIGGER log_hashes_never_change BEFORE UPDATE ON log_hashes
     BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END`,
  `CREATE TRIGGER log_hashes_never_go BEFORE DELETE ON log_hashes
     BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END`,
  `CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, first_index INTEGER NOT NULL REFERENCES events (seq))`,
  `CREATE TABLE snapshot_leases (
     id TEXT PRIMARY KEY, taken_at TEXT NOT NULL, expires_at TEXT NOT NULL, log_size INTEGER NOT NULL,
     head_digest TEXT NOT NULL, database_size INTEGER NOT NULL, blobs INTEGER NOT NULL, blob_bytes INTEGER NOT NULL
   ) WITHOUT ROWID`,
  `ALTER TABLE blobs ADD COLUMN erased_at TEXT`,
  `ALTER TABLE entries ADD COLUMN erased_at TEXT`,
  `ALTER TABLE entries ADD COLUMN legal_hold INTEGER NOT NULL DEFAULT 0`,
  // From here on the write path counts, once for each group of writes.
  `DROP TRIGGER entries_counted`,
  `DROP TRIGGER blobs_counted`,
  `DROP TRIGGER blobs_uncounted`,
];

/** Schema 4: withdrawn reference lists. A table of its own, since one content can be published for several days. */
class ListWithdrawals4 implements MigrationInterface {
  readonly name = 'ListWithdrawals1795996800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE list_withdrawals (
         log_index INTEGER PRIMARY KEY REFERENCES events (seq), hash TEXT NOT NULL UNIQUE, id TEXT NOT NULL,
         reason TEXT NOT NULL, reason_salt TEXT NOT NULL, withdrawn_at TEXT NOT NULL)`,
    );
  }

  down(): Promise<void> {
    throw new Error('the log may say that a list was withdrawn: restore a backup instead');
  }
}

/** In order. A released one is never changed. */
export const SQLITE_MIGRATIONS: readonly Migration[] = [Registry1, IdempotencyKeys2, MerkleLog3, ListWithdrawals4];
