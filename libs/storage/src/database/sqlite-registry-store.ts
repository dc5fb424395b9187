import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { CapError, type ChainEvent, type Digest, type JsonObject } from '@cap/crypto';
import { companyDigest, entryId } from '../entry-id.js';
import { asStorageError } from '../storage-errors.js';
import {
  type EntryFilter,
  type NewEntry,
  type NewList,
  type NewPolicy,
  type PageRequest,
  type PolicyStatus,
  type RegistryStore,
  type Stored,
  type StoredBlob,
  type StoredEntry,
  type StoredList,
  type StoredPolicy,
} from '../stores.js';
import { connect, type Connection, setPragmas } from './connection.js';
import { type EntryRow, type ListRow, type PolicyRow } from './entities.js';
import { SqliteIdempotencyKeys } from './idempotency-keys.js';
import { SqliteReader, toEntry, toPolicy } from './sqlite-reader.js';
import { WriteQueue, type WriteQueueOptions } from './write-queue.js';
import { type WriteTransaction } from './write-transaction.js';

/** Pages copied between two turns of the event loop. */
const COPY_PAGES = 2_000;

/** The embedded profile's database: one connection writes, in groups; another one reads. */
export class SqliteRegistryStore implements RegistryStore {
  readonly #queue: WriteQueue;
  readonly idempotency: SqliteIdempotencyKeys;

  private constructor(
    private readonly file: string,
    private readonly connection: Connection,
    private readonly reader: SqliteReader,
    private readonly now: () => Date,
    options: WriteQueueOptions,
  ) {
    this.#queue = new WriteQueue(connection.db, options);
    this.idempotency = new SqliteIdempotencyKeys(this.#queue, now);
  }

  /** Makes the database if it is not there, and brings its schema up to date. The caller holds the OwnerLock. */
  static async open(file: string, now: () => Date, options: WriteQueueOptions = {}): Promise<SqliteRegistryStore> {
    const connection = await connect(file, 'write');
    return new SqliteRegistryStore(file, connection, await SqliteReader.open(file, now), now, options);
  }

  totals = () => this.reader.totals();
  findPolicy = (ref: string) => this.reader.findPolicy(ref);
  listPolicies = (page: PageRequest, filter?: Parameters<SqliteReader['listPolicies']>[1]) =>
    this.reader.listPolicies(page, filter);
  findList = (hash: string) => this.reader.findList(hash);
  listLists = (page: PageRequest, filter?: { id?: string | undefined }) => this.reader.listLists(page, filter);
  findEntry = (id: string) => this.reader.findEntry(id);
  listEntries = (page: PageRequest, filter?: EntryFilter) => this.reader.listEntries(page, filter);
  listEvents = (from: number, limit: number) => this.reader.listEvents(from, limit);
  findBlob = (id: string) => this.reader.findBlob(id);
  listBlobs = (page: PageRequest) => this.reader.listBlobs(page);

  storePolicy(policy: NewPolicy): Promise<Stored<StoredPolicy>> {
    return this.#queue.submit((tx) => {
      const same = tx.get<PolicyRow>('SELECT * FROM policies WHERE policy_hash = ?', policy.policy_hash);
      if (same) return { record: toPolicy(same), created: false };
      const other = tx.get<PolicyRow>('SELECT * FROM policies WHERE policy_id = ?', policy.policy_id);
      if (other)
        throw new CapError(
          'conflict',
          'policy.conflict',
          `${policy.policy_id} is there with other content (${other.policy_hash})`,
        );
      const created_at = this.#time();
      const { policy_hash, policy_id, status } = policy;
      const { seq } = tx.append(created_at, 'policy.stored', { policy_hash, policy_id, status });
      const record = { ...policy, created_at };
      tx.insert('policies', { log_index: seq, ...record });
      return { record, created: true };
    });
  }

  setPolicyStatus(policyHash: Digest, status: PolicyStatus): Promise<StoredPolicy> {
    return this.#queue.submit((tx) => {
      const row = tx.get<PolicyRow>('SELECT * FROM policies WHERE policy_hash = ?', policyHash);
      if (!row) throw new CapError('missing', 'policy.unknown', `no policy ${policyHash}`);
      if (row.status !== status) {
        tx.append(this.#time(), 'policy.status', { policy_hash: policyHash, status });
        tx.run('UPDATE policies SET status = ? WHERE policy_hash = ?', status, policyHash);
      }
      return toPolicy({ ...row, status });
    });
  }

  storeList(list: NewList): Promise<Stored<StoredList>> {
    return this.#queue.submit((tx) => {
      const known = tx.get<ListRow>('SELECT * FROM lists WHERE hash = ? LIMIT 1', list.hash);
      if (known && (known.id !== list.id || known.kind !== list.kind))
        throw new CapError('conflict', 'list.conflict', `${list.hash} is there as ${known.kind} list ${known.id}`);
      const newest = () =>
        tx.get<{ as_of: string }>('SELECT MAX(as_of) AS as_of FROM lists WHERE id = ?', list.id)!.as_of;
      const same = tx.get<ListRow>('SELECT * FROM lists WHERE hash = ? AND as_of = ?', list.hash, list.as_of);
      if (same) return { record: { ...list, created_at: same.created_at, newest_as_of: newest() }, created: false };
      this.#keep(tx, list.blob_id);
      const created_at = this.#time();
      const { hash, id, kind, as_of, blob_id } = list;
      const { seq } = tx.append(created_at, 'list.stored', { hash, id, kind, as_of, blob_id });
      const unmatchable = list.unmatchable && JSON.stringify(list.unmatchable);
      tx.insert('lists', { log_index: seq, ...list, unmatchable, created_at });
      return { record: { ...list, created_at, newest_as_of: newest() }, created: true };
    });
  }

  registerEntry(entry: NewEntry): Promise<Stored<StoredEntry>> {
    const entry_id = entryId(entry);
    return this.#queue.submit((tx) => {
      const same = tx.get<EntryRow>('SELECT * FROM entries WHERE entry_id = ?', entry_id);
      if (same) return { record: toEntry(same), created: false };
      this.#keep(tx, entry.bundle_id);
      const registered_at = this.#time();
      const company_salt = entry.company === null ? null : randomBytes(16).toString('hex');
      const { company, ...hashes } = entry;
      const company_digest = company_salt === null ? null : companyDigest(company!, company_salt);
      const { seq } = tx.append(registered_at, 'entry.registered', { entry_id, ...hashes, company_digest });
      const row: EntryRow = { log_index: seq, entry_id, registered_at, ...entry, company_salt };
      tx.insert('entries', { ...row });
      return { record: toEntry(row), created: true };
    });
  }

  appendEvent(event: string, details: JsonObject): Promise<ChainEvent> {
    return this.#queue.submit((tx) => tx.append(this.#time(), event, details));
  }

  recordBlob(blob_id: Digest, size: number, retainUntil: string | null): Promise<StoredBlob> {
    return this.#queue.submit((tx) => {
      const known = tx.get<StoredBlob>('SELECT * FROM blobs WHERE blob_id = ?', blob_id);
      const retain_until = later(known, retainUntil);
      if (!known) tx.insert('blobs', { blob_id, size, retain_until });
      else tx.run('UPDATE blobs SET retain_until = ? WHERE blob_id = ?', retain_until, blob_id);
      // An upload that nobody refers to yet is no state of the registry; a BLOB that stays is.
      if (retain_until === null && known?.retain_until !== null)
        tx.append(this.#time(), 'blob.kept', { blob_id, size });
      return { blob_id, size, retain_until };
    });
  }

  expiredBlobs(limit: number): Promise<Digest[]> {
    const rows = this.connection.db
      .prepare('SELECT blob_id FROM blobs WHERE retain_until <= ? ORDER BY retain_until LIMIT ?')
      .all(this.#time(), limit) as { blob_id: Digest }[];
    return Promise.resolve(rows.map((row) => row.blob_id));
  }

  forgetExpiredBlob(blobId: Digest): Promise<boolean> {
    return this.#queue.submit(
      (tx) => tx.run('DELETE FROM blobs WHERE blob_id = ? AND retain_until <= ?', blobId, this.#time()) === 1,
    );
  }

  /**
   * SQLite's online backup from a connection whose read transaction stays open: it sees one state however many writes are
   * committed meanwhile, and never starts over.
   */
  copyTo(file: string): Promise<void> {
    return asStorageError(`can't copy the database to ${file}`, async () => {
      const source = new Database(this.file, { readonly: true });
      try {
        setPragmas(source, 'read');
        source.exec('BEGIN');
        source.prepare('SELECT seq FROM events LIMIT 1').get();
        await source.backup(file, { progress: () => COPY_PAGES });
      } finally {
        source.close();
      }
      // One file, without a write-ahead log beside it.
      const copy = new Database(file);
      copy.pragma('journal_mode = DELETE');
      copy.close();
    });
  }

  /** Commits what waits. */
  async close(): Promise<void> {
    this.#queue.close();
    await this.reader.close();
    await this.connection.source.destroy();
  }

  /** A row may only point to a BLOB that is here; from now on it stays. */
  #keep(tx: WriteTransaction, blobId: Digest): void {
    const blob = tx.get<StoredBlob>(
      'SELECT * FROM blobs WHERE blob_id = ? AND (retain_until IS NULL OR retain_until > ?)',
      blobId,
      this.#time(),
    );
    if (!blob)
      throw new CapError(
        'missing',
        'bundle.unknown',
        `no BLOB ${blobId}: it was never stored, or its upload has expired`,
      );
    if (blob.retain_until !== null) tx.run('UPDATE blobs SET retain_until = NULL WHERE blob_id = ?', blobId);
  }

  #time(): string {
    return this.now().toISOString();
  }
}

const later = (known: StoredBlob | undefined, until: string | null): string | null => {
  if (!known) return until;
  if (known.retain_until === null || until === null) return null;
  return known.retain_until > until ? known.retain_until : until;
};
