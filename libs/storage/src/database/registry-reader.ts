import { type FindOptionsWhere, In, IsNull, LessThanOrEqual, MoreThan } from 'typeorm';
import type { EntryFilter, RetentionResult, EntryRecord, Page, PageRequest, PolicyStatus } from '@cap/contracts';
import { type ChainEvent, GENESIS_DIGEST } from '@cap/tlog';
import type { HashReader } from '@cap/tlog/merkle';
import { type Digest, isDigest } from '@cap/crypto';
import type { LogEpoch, RegistryTotals, StoredBlob, StoredList, StoredPolicy } from '../records.js';
import { asStorageError } from '../storage-errors.js';
import { blobCursor, numberCursor, pageOf } from './cursor.js';
import { entriesQuery } from './entries-query.js';
import type { EntryRow, EventRow, ListRow } from './entities.js';
import { fetchHashes } from './pending-log.js';
import { toEntry, toEvent, toList, toPolicy } from './rows.js';
import type { SqlDatabase } from './sql-database.js';
import { SqliteDatabase } from './sqlite-database.js';

/**
 * What a registry knows, as of the last commit. A page costs what it holds, wherever it is. A cursor that no listing returned is
 * CapError request.schema.
 *
 * Queries go through TypeORM's repositories, except those that a registration, a page of entries, a proof, a BLOB or a metrics
 * scrape waits for: these are plain SQL, which takes a fraction of the time (docs/adr/0015-typeorm.md).
 */
export class RegistryReader {
  constructor(
    protected readonly database: SqlDatabase,
    protected readonly now: () => Date,
  ) {}

  /** Opens an SQLite file, which must exist and may belong to a running registry. */
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

  /** Looks a policy up by policy_id, hash in either form, or id (its newest active version). */
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

  /** If it was published for several days: the newest. */
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

  async findEntry(entryId: string): Promise<EntryRecord | null> {
    const row = await read(() => this.database.repository('entries').findOneBy({ entry_id: entryId }));
    return row && toEntry(row);
  }

  async listEntries({ cursor, limit }: PageRequest, filter: EntryFilter = {}): Promise<Page<EntryRecord>> {
    const { sql, values, key } = entriesQuery({ cursor, limit }, filter);
    const rows = await this.database.reading.all<EntryRow>(sql, values);
    return pageOf(rows, limit, key, toEntry);
  }

  /** Bundles whose newest entry is older than `moment` and none of whose entries is on hold, oldest first. */
  bundlesOlderThan(moment: string, limit: number, after = -1): Promise<RetentionResult['bundles']> {
    // A bundle that is also a reference list's content can't be erased.
    return this.database.reading.all<RetentionResult['bundles'][number]>(
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

  /** Null for an expired upload, whether it has been swept yet or not. */
  async findBlob(blobId: string): Promise<StoredBlob | null> {
    const [row] = await this.database.reading.all<StoredBlob>(
      'SELECT * FROM blobs WHERE blob_id = ? AND erased_at IS NULL AND (retain_until IS NULL OR retain_until > ?)',
      [blobId, this.now().toISOString()],
    );
    return row ?? null;
  }

  /** Which of these have a row, expired or not, and which were erased. */
  async referencedBlobs(blobIds: readonly Digest[]): Promise<{ referenced: Set<Digest>; erased: Set<Digest> }> {
    const rows = await read(() =>
      this.database
        .repository('blobs')
        .find({ select: { blob_id: true, erased_at: true }, where: { blob_id: In(blobIds) } }),
    );
    const idsOf = (gone: boolean) => rows.filter((row) => (row.erased_at !== null) === gone).map((row) => row.blob_id);
    return { referenced: new Set(idsOf(false)), erased: new Set(idsOf(true)) };
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

  /** The stored hashes of the log's tree at these positions; see tree.ts of @cap/tlog. */
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
