import { type FindOptionsWhere, In, IsNull, LessThanOrEqual, MoreThan } from 'typeorm';
import { type ChainEvent, GENESIS_DIGEST, type HashReader } from '@cap/tlog';
import { type Digest, isDigest } from '@cap/crypto';
import {
  type AgedBundle,
  type EntryFilter,
  type LogEpoch,
  type Page,
  type PageRequest,
  type PolicyStatus,
  type RegistryTotals,
  type StoredBlob,
  type StoredEntry,
  type StoredList,
  type StoredPolicy,
} from '../stores.js';
import { asStorageError } from '../storage-errors.js';
import { blobCursor, numberCursor, pageOf } from './cursor.js';
import { entriesQuery } from './entries-query.js';
import { type EntryRow, type EventRow, type ListRow } from './entities.js';
import { fetchHashes } from './pending-log.js';
import { toEntry, toEvent, toList, toPolicy } from './rows.js';
import { type SqlDatabase } from './sql-database.js';
import { SqliteDatabase } from './sqlite-database.js';

/**
 * What a registry knows. Reads see what was committed, and pages cost O(page). A cursor that no listing gave is CapError
 * request.schema.
 *
 * Reads go through TypeORM's repositories, but for those that a registration, a page of entries, a proof of the log, a BLOB or a
 * scrape waits for: these are plain SQL, which takes a tenth of the time (docs/adr/0015-typeorm.md).
 */
export class RegistryReader {
  constructor(
    protected readonly database: SqlDatabase,
    protected readonly now: () => Date,
  ) {}

  /** Of an SQLite file, which must exist; it may belong to a running registry. */
  static async open(file: string, now: () => Date = () => new Date()): Promise<RegistryReader> {
    return new RegistryReader(await SqliteDatabase.open(file, 'read'), now);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  async totals(): Promise<RegistryTotals> {
    const [head] = await this.database.reading.all<Pick<EventRow, 'seq' | 'digest'>>(
      'SELECT seq, digest FROM events ORDER BY seq DESC LIMIT 1',
    );
    const [counted] = await this.database.reading.all<Pick<RegistryTotals, 'entries' | 'blob_bytes'>>(
      'SELECT entries, blob_bytes FROM totals',
    );
    return {
      log_size: head ? head.seq + 1 : 0,
      head_digest: head?.digest ?? GENESIS_DIGEST,
      ...counted!,
    };
  }

  /** By policy_id, hash in either form, or id (its newest active version). */
  async findPolicy(ref: string): Promise<StoredPolicy | null> {
    const policies = this.database.repository('policies');
    const hash = ref.replace(/^sha3-256:/, '0x');
    const found = await read(
      async () =>
        (await policies.findOneBy(isDigest(hash) ? { policy_hash: hash } : { policy_id: ref })) ??
        (await policies.findOne({ where: { id: ref, status: 'active' }, order: { log_index: 'DESC' } })),
    );
    return found && toPolicy(found);
  }

  async listPolicies(
    { cursor, limit }: PageRequest,
    filter: { status?: PolicyStatus | undefined; id?: string | undefined } = {},
  ): Promise<Page<StoredPolicy>> {
    const rows = await read(() =>
      this.database.repository('policies').find({
        where: { log_index: MoreThan(numberCursor(cursor)), ...filter },
        order: { log_index: 'ASC' },
        take: limit + 1,
      }),
    );
    return pageOf(rows, limit, (row) => row.log_index, toPolicy);
  }

  /** The newest as_of of the list with this hash. */
  async findList(hash: string): Promise<StoredList | null> {
    if (!isDigest(hash)) return null;
    const row = await read(() =>
      this.database.repository('lists').findOne({ where: { hash }, order: { as_of: 'DESC' } }),
    );
    return row && (await this.#toLists([row]))[0]!;
  }

  async listLists({ cursor, limit }: PageRequest, filter: { id?: string | undefined } = {}): Promise<Page<StoredList>> {
    const rows = await read(() =>
      this.database.repository('lists').find({
        where: { log_index: MoreThan(numberCursor(cursor)), ...filter },
        order: { log_index: 'ASC' },
        take: limit + 1,
      }),
    );
    const { items, next_cursor } = pageOf(
      rows,
      limit,
      (row) => row.log_index,
      (row) => row,
    );
    return { items: await this.#toLists(items), next_cursor };
  }

  async findEntry(entryId: string): Promise<StoredEntry | null> {
    const row = await read(() => this.database.repository('entries').findOneBy({ entry_id: entryId }));
    return row && toEntry(row);
  }

  async listEntries({ cursor, limit }: PageRequest, filter: EntryFilter = {}): Promise<Page<StoredEntry>> {
    const { sql, values, key } = entriesQuery({ cursor, limit }, filter);
    const rows = await this.database.reading.all<EntryRow>(sql, values);
    return pageOf(rows, limit, key, toEntry);
  }

  /** Bundles with no entry since that moment that none holds, oldest first. */
  bundlesOlderThan(moment: string, limit: number, after = -1): Promise<AgedBundle[]> {
    // A later entry of the same bundle speaks for it, and one that is held for all. What a list shares can't be erased.
    return this.database.reading.all<AgedBundle>(
      `SELECT e.bundle_id, e.registered_at, e.log_index FROM entries e
       WHERE e.log_index > ? AND e.registered_at < ? AND e.erased_at IS NULL AND e.legal_hold = 0
         AND NOT EXISTS (SELECT 1 FROM entries o WHERE o.bundle_id = e.bundle_id
                         AND (o.log_index > e.log_index OR o.legal_hold <> 0))
         AND NOT EXISTS (SELECT 1 FROM lists l WHERE l.blob_id = e.bundle_id)
       ORDER BY e.log_index LIMIT ?`,
      [after, moment, limit],
    );
  }

  async listEvents(from: number, limit: number): Promise<ChainEvent[]> {
    const rows = await this.database.reading.all<EventRow>('SELECT * FROM events WHERE seq >= ? ORDER BY seq LIMIT ?', [
      from,
      limit,
    ]);
    return rows.map(toEvent);
  }

  /** An expired upload is unknown, whether it was swept yet or not. */
  async findBlob(blobId: string): Promise<StoredBlob | null> {
    const [row] = await this.database.reading.all<StoredBlob>(
      'SELECT * FROM blobs WHERE blob_id = ? AND erased_at IS NULL AND (retain_until IS NULL OR retain_until > ?)',
      [blobId, this.now().toISOString()],
    );
    return row ?? null;
  }

  /** Of these, the ones that a row wants, expired or not, and those that were erased. */
  async wantedBlobs(blobIds: readonly Digest[]): Promise<{ wanted: Set<Digest>; erased: Set<Digest> }> {
    const rows = await read(() =>
      this.database
        .repository('blobs')
        .find({ select: { blob_id: true, erased_at: true }, where: { blob_id: In(blobIds) } }),
    );
    const idsOf = (gone: boolean) => rows.filter((row) => (row.erased_at !== null) === gone).map((row) => row.blob_id);
    return { wanted: new Set(idsOf(false)), erased: new Set(idsOf(true)) };
  }

  async listBlobs({ cursor, limit }: PageRequest): Promise<Page<StoredBlob>> {
    const rows = await read(() =>
      this.database.repository('blobs').find({
        where: this.#kept(cursor === undefined ? {} : { blob_id: MoreThan(blobCursor(cursor)) }),
        order: { blob_id: 'ASC' },
        take: limit + 1,
      }),
    );
    return pageOf(
      rows,
      limit,
      (row) => row.blob_id,
      (row) => row,
    );
  }

  /** Number and bytes of the BLOBs that listBlobs gives. */
  async blobTotals(): Promise<{ blobs: number; blob_bytes: number }> {
    const blobs = this.database.repository('blobs');
    return read(async () => ({
      blobs: await blobs.count({ where: this.#kept({}) }),
      blob_bytes: (await blobs.sum('size', this.#kept({}))) ?? 0,
    }));
  }

  async expiredBlobs(limit: number): Promise<Digest[]> {
    const rows = await read(() =>
      this.database.repository('blobs').find({
        select: { blob_id: true },
        where: this.#expired(),
        order: { retain_until: 'ASC' },
        take: limit,
      }),
    );
    return rows.map((row) => row.blob_id);
  }

  countExpiredBlobs(): Promise<number> {
    return read(() => this.database.repository('blobs').countBy(this.#expired()));
  }

  /** The epoch of the log, from 1, and the index of its first event. */
  async epoch(): Promise<LogEpoch> {
    const [newest] = await read(() => this.database.repository('epochs').find({ order: { epoch: 'DESC' }, take: 1 }));
    return newest ?? { epoch: 1, first_index: 0 };
  }

  /** The stored hashes of the log's tree at these positions; see tree.ts of @cap/crypto. */
  logHashes(positions: readonly number[]): Promise<HashReader> {
    return fetchHashes(this.database.reading, positions);
  }

  #kept(which: FindOptionsWhere<StoredBlob>): FindOptionsWhere<StoredBlob>[] {
    const kept = { ...which, erased_at: IsNull() };
    return [
      { ...kept, retain_until: IsNull() },
      { ...kept, retain_until: MoreThan(this.now().toISOString()) },
    ];
  }

  #expired(): FindOptionsWhere<StoredBlob> {
    return { retain_until: LessThanOrEqual(this.now().toISOString()) };
  }

  async #toLists(rows: ListRow[]): Promise<StoredList[]> {
    if (rows.length === 0) return [];
    const ids = [...new Set(rows.map((row) => row.id))];
    const [newest, withdrawn] = await read(() =>
      Promise.all([
        this.database
          .repository('lists')
          .createQueryBuilder('l')
          .select(['l.id AS id', 'MAX(l.as_of) AS as_of'])
          .where('l.id IN (:...ids) AND l.hash NOT IN (SELECT hash FROM list_withdrawals)', { ids })
          .groupBy('l.id')
          .getRawMany<{ id: string; as_of: string }>(),
        this.database.repository('list_withdrawals').findBy({ hash: In(rows.map((row) => row.hash)) }),
      ]),
    );
    return rows.map((row) =>
      toList(
        row,
        newest.find(({ id }) => id === row.id)?.as_of,
        withdrawn.find(({ hash }) => hash === row.hash),
      ),
    );
  }
}

const read = <T>(work: () => Promise<T>): Promise<T> => asStorageError("can't read the registry database", work);
