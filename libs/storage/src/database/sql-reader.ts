import { type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import { type ChainEvent, GENESIS_DIGEST, type HashReader } from '@cap/tlog';
import { type Digest } from '@cap/crypto';
import { type JsonObject } from '@cap/core';
import {
  type EntryFilter,
  type LogEpoch,
  type Page,
  type PageRequest,
  type PolicyStatus,
  type RegistryReader,
  type RegistryTotals,
  type StoredBlob,
  type StoredEntry,
  type StoredList,
  type StoredPolicy,
} from '../stores.js';
import { asStorageError } from '../storage-errors.js';
import { blobCursor, numberCursor, pageOf } from './cursor.js';
import {
  Blobs,
  type EntryRow,
  type EventRow,
  type ListRow,
  Lists,
  type ListWithdrawalRow,
  Policies,
  type PolicyRow,
} from './entities.js';
import { entriesQuery } from './entries-query.js';
import { fetchHashes } from './pending-log.js';
import { type SqlDatabase } from './sql-database.js';
import { SqliteDatabase } from './sqlite-database.js';

const WHAT = "can't read the registry database";

/** Reads with TypeORM's query builder, which speaks both engines' SQL; in plain SQL where it is asked for all the time. */
export class SqlReader implements RegistryReader {
  constructor(
    private readonly database: SqlDatabase,
    private readonly now: () => Date,
  ) {}

  /** A SQLite file, which must exist; it may belong to a running registry. */
  static async open(file: string, now: () => Date = () => new Date()): Promise<SqlReader> {
    return new SqlReader(await SqliteDatabase.open(file, 'read'), now);
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
      head_digest: (head?.digest ?? GENESIS_DIGEST) as RegistryTotals['head_digest'],
      ...counted!,
    };
  }

  async findPolicy(ref: string): Promise<StoredPolicy | null> {
    const hash = ref.replace(/^sha3-256:(?=[0-9a-f]{64}$)/, '0x');
    const exact = await this.#one(
      this.#query(Policies, 'p').where('p.policy_hash = :hash', { hash }).orWhere('p.policy_id = :ref', { ref }),
    );
    const found =
      exact ??
      (await this.#one(
        this.#query(Policies, 'p')
          .where(`p.id = :ref AND p.status = 'active'`, { ref })
          .orderBy('p.log_index', 'DESC')
          .limit(1),
      ));
    return found && toPolicy(found);
  }

  async listPolicies(
    { cursor, limit }: PageRequest,
    { status, id }: { status?: PolicyStatus | undefined; id?: string | undefined } = {},
  ): Promise<Page<StoredPolicy>> {
    const query = this.#query(Policies, 'p').where('p.log_index > :after', { after: numberCursor(cursor) });
    if (status !== undefined) query.andWhere('p.status = :status', { status });
    if (id !== undefined) query.andWhere('p.id = :id', { id });
    const rows = await this.#many(query.orderBy('p.log_index').limit(limit + 1));
    return pageOf(rows, limit, (row) => row.log_index, toPolicy);
  }

  async findList(hash: string): Promise<StoredList | null> {
    const row = await this.#one(
      this.#query(Lists, 'l').where('l.hash = :hash', { hash }).orderBy('l.as_of', 'DESC').limit(1),
    );
    return row && (await this.#toLists([row]))[0]!;
  }

  async listLists({ cursor, limit }: PageRequest, { id }: { id?: string | undefined } = {}): Promise<Page<StoredList>> {
    const query = this.#query(Lists, 'l').where('l.log_index > :after', { after: numberCursor(cursor) });
    if (id !== undefined) query.andWhere('l.id = :id', { id });
    const rows = await this.#many(query.orderBy('l.log_index').limit(limit + 1));
    const page = pageOf(
      rows,
      limit,
      (row) => row.log_index,
      (row) => row,
    );
    return { ...page, items: await this.#toLists(page.items) };
  }

  async findEntry(entryId: string): Promise<StoredEntry | null> {
    const [row] = await this.database.reading.all<EntryRow>('SELECT * FROM entries WHERE entry_id = ?', [entryId]);
    return row ? toEntry(row) : null;
  }

  async listEntries({ cursor, limit }: PageRequest, filter: EntryFilter = {}): Promise<Page<StoredEntry>> {
    const { sql, values, key } = entriesQuery({ cursor, limit }, filter);
    const rows = await this.database.reading.all<EntryRow>(sql, values);
    return pageOf(rows, limit, key, toEntry);
  }

  async listEvents(from: number, limit: number): Promise<ChainEvent[]> {
    const rows = await this.database.reading.all<EventRow>('SELECT * FROM events WHERE seq >= ? ORDER BY seq LIMIT ?', [
      from,
      limit,
    ]);
    return rows.map(toEvent);
  }

  async findBlob(blobId: string): Promise<StoredBlob | null> {
    const [row] = await this.database.reading.all<StoredBlob>(
      'SELECT * FROM blobs WHERE blob_id = ? AND erased_at IS NULL AND (retain_until IS NULL OR retain_until > ?)',
      [blobId, this.now().toISOString()],
    );
    return row ?? null;
  }

  async wantedBlobs(blobIds: readonly Digest[]): Promise<{ wanted: Set<string>; erased: Set<string> }> {
    if (blobIds.length === 0) return { wanted: new Set(), erased: new Set() };
    const rows = await this.database.reading.all<Pick<StoredBlob, 'blob_id' | 'erased_at'>>(
      `SELECT blob_id, erased_at FROM blobs WHERE blob_id IN (${blobIds.map(() => '?').join(', ')})`,
      blobIds,
    );
    const idsOf = (gone: boolean) => rows.filter((row) => (row.erased_at !== null) === gone).map((row) => row.blob_id);
    return { wanted: new Set(idsOf(false)), erased: new Set(idsOf(true)) };
  }

  async listBlobs({ cursor, limit }: PageRequest): Promise<Page<StoredBlob>> {
    const rows = await this.#many(
      this.#query(Blobs, 'b')
        .where('b.blob_id > :after', { after: blobCursor(cursor) })
        .andWhere('b.erased_at IS NULL AND (b.retain_until IS NULL OR b.retain_until > :now)', {
          now: this.now().toISOString(),
        })
        .orderBy('b.blob_id')
        .limit(limit + 1),
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
    const counted = await asStorageError(WHAT, () =>
      this.#query(Blobs, 'b')
        .select(['COUNT(*) AS blobs', 'COALESCE(SUM(b.size), 0) AS blob_bytes'])
        .where('b.erased_at IS NULL AND (b.retain_until IS NULL OR b.retain_until > :now)', {
          now: this.now().toISOString(),
        })
        .getRawOne<{ blobs: number; blob_bytes: number }>(),
    );
    return counted!;
  }

  close(): Promise<void> {
    return this.database.close();
  }

  async epoch(): Promise<LogEpoch> {
    const [newest] = await this.database.reading.all<LogEpoch>(
      'SELECT epoch, first_index FROM epochs ORDER BY epoch DESC LIMIT 1',
    );
    return newest ?? { epoch: 1, first_index: 0 };
  }

  logHashes(positions: readonly number[]): Promise<HashReader> {
    return fetchHashes(this.database.reading, positions);
  }

  async #toLists(rows: ListRow[]): Promise<StoredList[]> {
    if (rows.length === 0) return [];
    const newest = await this.#newestAsOf(rows.map((row) => row.id));
    const hashes = [...new Set(rows.map((row) => row.hash))];
    const withdrawn = await this.database.reading.all<ListWithdrawalRow>(
      `SELECT * FROM list_withdrawals WHERE hash IN (${hashes.map(() => '?').join(', ')})`,
      hashes,
    );
    return rows.map((row) =>
      toList(
        row,
        newest.get(row.id),
        withdrawn.find(({ hash }) => hash === row.hash),
      ),
    );
  }

  async #newestAsOf(ids: string[]): Promise<Map<string, string>> {
    const rows = await asStorageError(WHAT, () =>
      this.#query(Lists, 'l')
        .select(['l.id AS id', 'MAX(l.as_of) AS newest'])
        .where('l.id IN (:...ids)', { ids: [...new Set(ids)] })
        .andWhere('l.hash NOT IN (SELECT hash FROM list_withdrawals)')
        .groupBy('l.id')
        .getRawMany<{ id: string; newest: string }>(),
    );
    return new Map(rows.map(({ id, newest }) => [id, newest]));
  }

  #one<Row extends ObjectLiteral>(query: SelectQueryBuilder<Row>): Promise<Row | null> {
    return asStorageError(WHAT, () => query.getOne());
  }

  #many<Row extends ObjectLiteral>(query: SelectQueryBuilder<Row>): Promise<Row[]> {
    return asStorageError(WHAT, () => query.getMany());
  }

  #query<Row extends ObjectLiteral>(
    entity: Parameters<typeof this.database.source.getRepository<Row>>[0],
    alias: string,
  ): SelectQueryBuilder<Row> {
    return this.database.source.getRepository(entity).createQueryBuilder(alias);
  }
}

export const toPolicy = ({
  policy_id,
  format,
  id,
  version,
  policy_hash,
  status,
  created_at,
  document,
}: PolicyRow): StoredPolicy => ({
  policy_id,
  format,
  id,
  version,
  policy_hash,
  status,
  created_at,
  document,
});

export const toList = (
  { log_index: _position, ...list }: ListRow,
  newest: string | null | undefined,
  withdrawal: ListWithdrawalRow | undefined,
): StoredList => ({
  ...list,
  newest_as_of: newest ?? null,
  withdrawn_at: withdrawal?.withdrawn_at ?? null,
  withdrawal_reason: withdrawal?.reason ?? null,
});

export const toEntry = (row: EntryRow): StoredEntry => ({
  entry_id: row.entry_id,
  registered_at: row.registered_at,
  bundle_id: row.bundle_id,
  manifest_hash: row.manifest_hash,
  proof_hash: row.proof_hash,
  policy_hash: row.policy_hash,
  result: row.result,
  report_hash: row.report_hash,
  signer_kid: row.signer_kid,
  company: row.company,
  log_index: row.log_index,
  erased_at: row.erased_at,
  legal_hold: row.legal_hold === 1,
});

export const toEvent = (row: EventRow): ChainEvent => ({
  seq: row.seq,
  ts: row.ts,
  event: row.event,
  details: JSON.parse(row.details) as JsonObject,
  prev_digest: row.prev_digest as ChainEvent['prev_digest'],
  digest: row.digest as ChainEvent['digest'],
});
