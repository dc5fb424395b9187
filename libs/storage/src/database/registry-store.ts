import { randomBytes } from 'node:crypto';
import type { EntryRecord, ErasureReason, ErasureRecord, PolicyStatus } from '@cap/contracts';
import { CapError, type JsonObject } from '@cap/core';
import type { ChainEvent } from '@cap/tlog';
import type { Digest } from '@cap/crypto';
import { entryId, saltedDigest } from '../entry-id.js';
import type {
  LogEpoch,
  NewEntry,
  NewList,
  NewPolicy,
  Stored,
  StoredBlob,
  StoredList,
  StoredPolicy,
} from '../records.js';
import type { EntryRow, ListRow, ListWithdrawalRow, PolicyRow } from './entities.js';
import { bundleErased, eraseBundle, setLegalHold } from './holds-and-erasures.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { SnapshotLeases } from './snapshot-leases.js';
import { RegistryReader } from './registry-reader.js';
import { toEntry, toList, toPolicy } from './rows.js';
import type { SqlDatabase } from './sql-database.js';
import { WriteQueue, type WriteQueueOptions } from './write-queue.js';
import type { WriteTransaction } from './write-transaction.js';

/**
 * What a registry knows, and what changes it, on either engine. Every change of its state is one event of the hash chain, in the
 * transaction of the change. Writes go through one queue, in groups; the promise of a write resolves once it is durable.
 */
export class RegistryStore extends RegistryReader {
  readonly #queue: WriteQueue;
  readonly idempotency: IdempotencyKeys;
  readonly leases: SnapshotLeases;

  constructor(database: SqlDatabase, now: () => Date, options: WriteQueueOptions = {}) {
    super(database, now);
    this.#queue = new WriteQueue(database, options);
    this.idempotency = new IdempotencyKeys(database, this.#queue, now);
    this.leases = new SnapshotLeases(database, this.#queue, now);
  }

  /** CapError policy.conflict if the policy_id has other content. */
  storePolicy(policy: NewPolicy): Promise<Stored<StoredPolicy>> {
    return this.#queue.submit(async (tx) => {
      const same = await tx.get<PolicyRow>('SELECT * FROM policies WHERE policy_hash = ?', policy.policy_hash);
      if (same) return { record: toPolicy(same), created: false };
      const other = await tx.get<PolicyRow>('SELECT * FROM policies WHERE policy_id = ?', policy.policy_id);
      if (other)
        throw new CapError(
          'policy.conflict',
          `${policy.policy_id} already exists with other content (${other.policy_hash})`,
        );
      const created_at = this.#time();
      const { document: _text, ...named } = policy;
      const { seq } = tx.append(created_at, 'policy.stored', { ...named });
      const record = { ...policy, created_at };
      await tx.insert('policies', { log_index: seq, ...record });
      return { record, created: true };
    });
  }

  /** CapError policy.unknown. */
  setPolicyStatus(policyHash: Digest, status: PolicyStatus): Promise<StoredPolicy> {
    return this.#queue.submit(async (tx) => {
      const row = await tx.get<PolicyRow>('SELECT * FROM policies WHERE policy_hash = ?', policyHash);
      if (!row) throw new CapError('policy.unknown', `no policy ${policyHash}`);
      if (row.status !== status) {
        tx.append(this.#time(), 'policy.status', { policy_hash: policyHash, status });
        await tx.run('UPDATE policies SET status = ? WHERE policy_hash = ?', status, policyHash);
      }
      return toPolicy({ ...row, status });
    });
  }

  /** CapError list.conflict if this content is known under another id or kind; bundle.unknown without the BLOB. */
  storeList(list: NewList): Promise<Stored<StoredList>> {
    return this.#queue.submit(async (tx) => {
      const known = await tx.get<ListRow>('SELECT * FROM lists WHERE hash = ? LIMIT 1', list.hash);
      if (known && (known.id !== list.id || known.kind !== list.kind))
        throw new CapError('list.conflict', `${list.hash} is already stored as ${known.kind} list ${known.id}`);
      const record = async (row: ListRow) => {
        const newest = await tx.get<{ as_of: string | null }>(
          `SELECT MAX(as_of) AS as_of FROM lists
           WHERE id = ? AND hash NOT IN (SELECT hash FROM list_withdrawals)`,
          list.id,
        );
        return toList(row, newest!.as_of, await withdrawalOf(tx, list.hash));
      };
      const same = await tx.get<ListRow>('SELECT * FROM lists WHERE hash = ? AND as_of = ?', list.hash, list.as_of);
      if (same) return { record: await record({ ...same, ...list }), created: false };
      await this.#keep(tx, list.blob_id);
      const created_at = this.#time();
      const { seq } = tx.append(created_at, 'list.stored', { ...list });
      const unmatchable = list.unmatchable && JSON.stringify(list.unmatchable);
      await tx.insert('lists', { log_index: seq, ...list, unmatchable, created_at });
      return { record: await record({ log_index: seq, ...list, created_at }), created: true };
    });
  }

  /** Can't be undone; a second withdrawal changes nothing. CapError list.unknown. */
  withdrawList(hash: string, reason: string): Promise<void> {
    return this.#queue.submit(async (tx) => {
      const list = await tx.get<ListRow>('SELECT * FROM lists WHERE hash = ? LIMIT 1', hash);
      if (!list) throw new CapError('list.unknown', `no reference list ${hash.slice(0, 200)}`);
      if (await withdrawalOf(tx, hash)) return;
      const { id } = list;
      const withdrawn_at = this.#time();
      const reason_salt = randomBytes(16).toString('hex');
      const details = { hash, id, reason_digest: saltedDigest(reason, reason_salt) };
      const { seq } = tx.append(withdrawn_at, 'list.withdrawn', details);
      await tx.insert('list_withdrawals', { log_index: seq, hash, id, reason, reason_salt, withdrawn_at });
    });
  }

  /** From now on the bundle's BLOB does not expire. CapError bundle.unknown without it. */
  registerEntry(entry: NewEntry): Promise<Stored<EntryRecord>> {
    const entry_id = entryId(entry);
    return this.#queue.submit(
      async (tx) => {
        const same = await tx.entry(entry_id);
        if (same) return { record: toEntry(same), created: false };
        await this.#keep(tx, entry.bundle_id);
        const registered_at = this.#time();
        const { company = null, ...hashes } = entry;
        const company_salt = company === null ? null : randomBytes(16).toString('hex');
        const company_digest = company === null ? null : saltedDigest(company, company_salt!);
        const { seq } = tx.append(registered_at, 'entry.registered', { entry_id, ...hashes, company_digest });
        const row: EntryRow = {
          log_index: seq,
          entry_id,
          registered_at,
          ...hashes,
          company,
          company_salt,
          erased_at: null,
          legal_hold: 0,
        };
        tx.addEntry(row);
        tx.count({ entries: 1 });
        return { record: toEntry(row), created: true };
      },
      { entries: [entry_id], blobs: [entry.bundle_id] },
    );
  }

  appendEvent(event: string, details: JsonObject): Promise<ChainEvent> {
    return this.#queue.submit((tx) => tx.append(this.#time(), event, details));
  }

  /**
   * Starts the next epoch with an event that names the last known checkpoint of the log (a signed note, or null). What is
   * signed from then on has an origin of its own, so that a log restored from a backup never signs two trees under one origin.
   * `after`: the newest epoch known to have been in use elsewhere; the new one is later than that too.
   */
  startEpoch(last_checkpoint: string | null, after = 0): Promise<LogEpoch> {
    return this.#queue.submit(async (tx) => {
      const newest = await tx.get<LogEpoch>('SELECT epoch, first_index FROM epochs ORDER BY epoch DESC LIMIT 1');
      const epoch = Math.max(newest?.epoch ?? 1, after) + 1;
      const { seq } = tx.append(this.#time(), 'log.epoch', { epoch, last_checkpoint });
      await tx.insert('epochs', { epoch, first_index: seq });
      return { epoch, first_index: seq };
    });
  }

  /** Records a BLOB that is in the BLOB store; retainUntil null: it never expires. Never shortens an earlier promise. */
  recordBlob(blob_id: Digest, size: number, retainUntil: string | null): Promise<StoredBlob> {
    return this.#queue.submit(
      async (tx) => {
        const known = await tx.blob(blob_id);
        if (known && known.erased_at !== null) throw bundleErased(blob_id, known.erased_at);
        const retain_until = later(known, retainUntil);
        const row = { blob_id, size: known?.size ?? size, retain_until, erased_at: null };
        if (known?.retain_until !== retain_until) tx.setBlob(row);
        if (!known) tx.count({ blob_bytes: size });
        // An upload that nothing refers to yet is not part of the registry's state; a BLOB that stays is.
        if (retain_until === null && known?.retain_until !== null)
          tx.append(this.#time(), 'blob.kept', { blob_id, size });
        return row;
      },
      { blobs: [blob_id] },
    );
  }

  /**
   * Deletes the row of an expired upload and runs `removal` while no new row for it can appear; false if it is referenced, or a
   * snapshot is in use. `removal` may run twice.
   */
  forgetExpiredBlob(blobId: Digest, removal: () => Promise<void>): Promise<boolean> {
    return this.#queue.submit(async (tx) => {
      const row = await tx.get<StoredBlob>(
        `SELECT * FROM blobs WHERE blob_id = ? AND retain_until <= ?
           AND NOT EXISTS (SELECT 1 FROM snapshot_leases WHERE expires_at > ?)`,
        blobId,
        this.#time(),
        this.#time(),
      );
      if (!row) return false;
      // If the commit fails, the expired row stays without its BLOB: nobody can see it, and the next sweep deletes it.
      await removal();
      await tx.run('DELETE FROM blobs WHERE blob_id = ?', blobId);
      tx.count({ blob_bytes: -row.size });
      return true;
    });
  }

  /** Runs `removal` unless the BLOB has a row, while none can appear; false if it has one. `removal` may run twice. */
  removeIfUnreferenced(blobId: Digest, removal: () => Promise<void>): Promise<boolean> {
    return this.#queue.submit(async (tx) => {
      const row = await tx.get<StoredBlob>('SELECT * FROM blobs WHERE blob_id = ?', blobId);
      if (row && row.erased_at === null) return false;
      await removal();
      return true;
    });
  }

  /** Puts an entry, or all entries of a bundle, on legal hold or releases them: one event for each that changes. CapError entry.unknown. */
  setLegalHold(entryOrBundle: string, held: boolean): Promise<EntryRecord[]> {
    return this.#queue.submit((tx) => setLegalHold(tx, entryOrBundle, held, this.#time()));
  }

  /**
   * Erases the bundle of an entry, or a bundle by its id, and the company that its entries name in clear; entries, leaves and
   * proofs stay. The caller removes the bytes. A second call changes nothing. CapError entry.unknown; bundle.held,
   * bundle.shared.
   */
  eraseBundle(entryOrBundle: string, reason: ErasureReason): Promise<ErasureRecord> {
    return this.#queue.submit((tx) => eraseBundle(tx, entryOrBundle, reason, this.#time()));
  }

  /** Writes a consistent copy of the database to a file while writes go on. */
  copyTo(file: string): Promise<void> {
    return this.database.copyTo(file);
  }

  /** Approximate size of such a copy, bytes. */
  bytes(): Promise<number> {
    return this.database.bytes();
  }

  /** How long the writes that are being committed have waited for the database, ms; 0 if there are none. */
  writingForMs(): number {
    return this.#queue.writingForMs;
  }

  /** Bytes of the write-ahead log beside the database's file; 0 where a server has it. */
  walBytes(): Promise<number> {
    return this.database.walBytes();
  }

  /** Commits what is waiting. */
  override async close(): Promise<void> {
    await this.#queue.close();
    await super.close();
  }

  /** A row may only refer to a BLOB that is here; from now on it does not expire. */
  async #keep(tx: WriteTransaction, blobId: Digest): Promise<void> {
    const blob = await tx.blob(blobId);
    const expired = blob?.retain_until != null && blob.retain_until <= this.#time();
    if (!blob || blob.erased_at !== null || expired)
      throw new CapError('bundle.unknown', `no BLOB ${blobId}: it was never stored, or its upload has expired`);
    if (blob.retain_until !== null) tx.setBlob({ ...blob, retain_until: null });
  }

  #time(): string {
    return this.now().toISOString();
  }
}

/**
 * What may be done to the database alone. The rest goes together with a BLOB, the signed log or a lease, and RegistryData does both;
 * nobody else reaches it.
 */
export type DatabaseOperations = Omit<
  RegistryStore,
  | 'registerEntry'
  | 'recordBlob'
  | 'eraseBundle'
  | 'forgetExpiredBlob'
  | 'removeIfUnreferenced'
  | 'startEpoch'
  | 'leases'
  | 'copyTo'
  | 'close'
>;

const withdrawalOf = (tx: WriteTransaction, hash: string): Promise<ListWithdrawalRow | undefined> =>
  tx.get<ListWithdrawalRow>('SELECT * FROM list_withdrawals WHERE hash = ?', hash);

const later = (known: StoredBlob | null, until: string | null): string | null => {
  if (!known) return until;
  if (known.retain_until === null || until === null) return null;
  return known.retain_until > until ? known.retain_until : until;
};
