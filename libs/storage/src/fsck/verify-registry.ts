import path from 'node:path';
import { finished } from 'node:stream/promises';
import Database from 'better-sqlite3';
import {
  CapError,
  type ChainEvent,
  chainFault,
  type Digest,
  GENESIS_DIGEST,
  isCapError,
  jcsText,
  type JsonValue,
  sha3Text,
  streamingSha3,
} from '@cap/crypto';
import { FileBlobStore } from '../blobs/file-blob-store.js';
import { setPragmas } from '../database/sqlite-database.js';
import { type EntryRow, type EventRow, type ListRow, type PolicyRow } from '../database/entities.js';
import { companyDigest, entryId } from '../entry-id.js';
import { storageError } from '../storage-errors.js';
import { type BlobStore, type StoredBlob } from '../stores.js';

export interface RegistryFault {
  /** What is wrong: `database`, `event 17`, `entry <id>`, `BLOB 0x…`, … */
  object: string;
  message: string;
}
export interface RegistryVerification {
  ok: boolean;
  /** In the order found; the first one names the first bad object. At most `maxFaults`. */
  faults: RegistryFault[];
  log_size: number;
  head_digest: Digest;
  /** Time of the newest event. */
  newest_event_at: string | null;
  entries: number;
  blobs: number;
  blob_bytes: number;
  /** Files without a row: harmless leftovers of a crash. */
  orphans: number;
}
export interface VerifyRegistryOptions {
  /** Default: registry.db and blobs/ in the data directory. */
  database?: string;
  blobs?: string;
  maxFaults?: number;
  /** Told now and then how many BLOBs were read. */
  onProgress?: (blobs: number) => void;
}

/**
 * Derives everything again from what is on disk, read-only, also beside a running registry: SQLite's own check, the hash
 * chain, each row against the event that made it, each BLOB against its name, each list and policy against its hash.
 * Never throws for what it finds; CapError file.missing if there is no registry.
 */
export async function verifyRegistry(
  dataDirectory: string,
  options: VerifyRegistryOptions = {},
): Promise<RegistryVerification> {
  const file = options.database ?? path.join(dataDirectory, 'registry.db');
  let db: Database.Database;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
  } catch (cause) {
    throw new CapError('missing', 'file.missing', `no registry database at ${file}`, { cause });
  }
  const check = new Check(db, FileBlobStore.readOnly(options.blobs ?? path.join(dataDirectory, 'blobs')), options);
  try {
    // One read transaction: a running registry writes on, this sees one state.
    setPragmas(db, 'read');
    db.exec('BEGIN');
    await check.run();
  } catch (error) {
    const known = storageError(error, file);
    if (error !== STOP) check.faults.push({ object: 'database', message: (known as Error).message });
  } finally {
    db.close();
  }
  return check.result();
}

const STOP = Symbol('enough faults');
type Reading = Pick<BlobStore, 'size' | 'read' | 'list'>;

class Check {
  readonly faults: RegistryFault[] = [];
  #head: ChainEvent | null = null;
  /** What the log said last of each policy, by its hash. */
  readonly #policyStatus = new Map<string, JsonValue | undefined>();
  #entries = 0;
  #blobs = 0;
  #blobBytes = 0;
  #orphans = 0;

  constructor(
    private readonly db: Database.Database,
    private readonly files: Reading,
    private readonly options: VerifyRegistryOptions,
  ) {}

  async run(): Promise<void> {
    this.#database();
    this.#chain();
    this.#policies();
    this.#lists();
    this.#entriesMatchEvents();
    this.#eventsHaveRows();
    await this.#blobFiles();
    await this.#listContents();
    this.#totals();
    await this.#countOrphans();
  }

  result(): RegistryVerification {
    return {
      ok: this.faults.length === 0,
      faults: this.faults,
      log_size: this.#head ? this.#head.seq + 1 : 0,
      head_digest: this.#head?.digest ?? GENESIS_DIGEST,
      newest_event_at: this.#head?.ts ?? null,
      entries: this.#entries,
      blobs: this.#blobs,
      blob_bytes: this.#blobBytes,
      orphans: this.#orphans,
    };
  }

  #fault(object: string, message: string): void {
    this.faults.push({ object, message });
    if (this.faults.length >= (this.options.maxFaults ?? 100)) throw STOP;
  }

  #database(): void {
    const rows = this.db.pragma('integrity_check') as { integrity_check: string }[];
    for (const { integrity_check } of rows) if (integrity_check !== 'ok') this.#fault('database', integrity_check);
    for (const { table, rowid, parent } of this.db.pragma('foreign_key_check') as {
      table: string;
      rowid: number;
      parent: string;
    }[])
      this.#fault('database', `row ${rowid} of ${table} refers to nothing in ${parent}`);
  }

  #chain(): void {
    for (const row of this.#rows<EventRow>('SELECT * FROM events ORDER BY seq')) {
      const event = readEvent(row);
      const fault = event ? chainFault(this.#head, event) : `event ${row.seq}: its details are not canonical JSON`;
      if (fault) this.#fault(`event ${row.seq}`, fault);
      if (!event) continue;
      this.#head = event;
      if (event.event === 'policy.stored' || event.event === 'policy.status')
        this.#policyStatus.set(String(event.details.policy_hash), event.details.status);
    }
  }

  #policies(): void {
    for (const row of this.#rows<PolicyRow>('SELECT * FROM policies ORDER BY log_index')) {
      const object = `policy ${row.policy_id}`;
      const hash = sha3Text(row.document);
      if (hash !== row.policy_hash)
        this.#fault(object, `its document has the hash ${hash}, the row says ${row.policy_hash}`);
      this.#made(object, row.log_index, 'policy.stored', row.created_at, {
        policy_hash: row.policy_hash,
        policy_id: row.policy_id,
      });
      const status = this.#policyStatus.get(row.policy_hash);
      if (status !== row.status) this.#fault(object, `its status is ${row.status}, the log says ${String(status)}`);
    }
  }

  #lists(): void {
    for (const { log_index, hash, id, kind, as_of, blob_id, created_at } of this.#rows<ListRow>(
      'SELECT * FROM lists ORDER BY log_index',
    ))
      this.#made(`list ${hash}`, log_index, 'list.stored', created_at, { hash, id, kind, as_of, blob_id });
  }

  #entriesMatchEvents(): void {
    for (const row of this.#rows<EntryRow>('SELECT * FROM entries ORDER BY log_index')) {
      this.#entries++;
      const { log_index, registered_at, company, company_salt, erased_at: _erased, legal_hold: _hold, ...named } = row;
      const object = `entry ${row.entry_id}`;
      if (entryId(row) !== row.entry_id) this.#fault(object, `its content gives the id ${entryId(row)}`);
      const company_digest = company === null || company_salt === null ? null : companyDigest(company, company_salt);
      this.#made(object, log_index, 'entry.registered', registered_at, { ...named, company_digest });
    }
  }

  #eventsHaveRows(): void {
    for (const [event, table] of [
      ['entry.registered', 'entries'],
      ['policy.stored', 'policies'],
      ['list.stored', 'lists'],
    ])
      for (const { seq } of this.#rows<{ seq: number }>(
        `SELECT seq FROM events WHERE event = '${event}' AND seq NOT IN (SELECT log_index FROM ${table}) ORDER BY seq`,
      ))
        this.#fault(`event ${seq}`, `${event}: what it registered is not in ${table}`);
  }

  async #blobFiles(): Promise<void> {
    for (const { blob_id, size } of this.#rows<StoredBlob>('SELECT * FROM blobs ORDER BY blob_id')) {
      this.#blobs++;
      this.#blobBytes += size;
      const fault = await this.#blobFault(blob_id, size);
      if (fault) this.#fault(`BLOB ${blob_id}`, fault);
      if (this.#blobs % 100 === 0) this.options.onProgress?.(this.#blobs);
    }
  }

  async #blobFault(id: Digest, size: number): Promise<string | null> {
    try {
      const onDisk = await this.files.size(id);
      if (onDisk === null) return 'its file is gone';
      if (onDisk !== size) return `its file has ${onDisk} bytes, the row says ${size}`;
      await finished((await this.files.read(id))!.resume());
      return null;
    } catch (error) {
      return isCapError(error) ? error.message : `can't be read: ${(error as Error).message}`;
    }
  }

  async #listContents(): Promise<void> {
    const lists = this.db.prepare('SELECT DISTINCT hash, blob_id FROM lists ORDER BY hash').all() as Pick<
      ListRow,
      'hash' | 'blob_id'
    >[];
    for (const { hash, blob_id } of lists) {
      if (this.faults.some((fault) => fault.object === `BLOB ${blob_id}`)) continue;
      const content = streamingSha3();
      for await (const piece of (await this.files.read(blob_id))!) content.update(piece as Uint8Array);
      const found = content.digest();
      if (found !== hash) this.#fault(`list ${hash}`, `its content has the hash ${found}`);
    }
  }

  #totals(): void {
    const kept = this.db.prepare('SELECT entries, blob_bytes FROM totals').get() as {
      entries: number;
      blob_bytes: number;
    };
    if (kept.entries !== this.#entries)
      this.#fault('database', `totals count ${kept.entries} entries, there are ${this.#entries}`);
    if (kept.blob_bytes !== this.#blobBytes)
      this.#fault('database', `totals count ${kept.blob_bytes} BLOB bytes, there are ${this.#blobBytes}`);
  }

  async #countOrphans(): Promise<void> {
    const known = this.db.prepare('SELECT 1 FROM blobs WHERE blob_id = ?');
    for await (const id of this.files.list()) if (!known.get(id)) this.#orphans++;
  }

  /** The event at the row's log_index must say the same as the row. */
  #made(object: string, seq: number, name: string, ts: string, details: Record<string, unknown>): void {
    const row = this.db.prepare('SELECT * FROM events WHERE seq = ?').get(seq) as EventRow | undefined;
    const event = row && readEvent(row);
    if (event?.event !== name) return this.#fault(object, `event ${seq} of the log is not its ${name}`);
    if (event.ts !== ts) this.#fault(object, `its time is ${ts}, event ${seq} says ${event.ts}`);
    for (const [key, value] of Object.entries(details))
      if (event.details[key] !== value)
        this.#fault(object, `its ${key} is ${String(value)}, event ${seq} says ${String(event.details[key])}`);
  }

  #rows<Row>(sql: string): IterableIterator<Row> {
    return this.db.prepare(sql).iterate() as IterableIterator<Row>;
  }
}

function readEvent(row: EventRow): ChainEvent | null {
  try {
    const details = JSON.parse(row.details) as ChainEvent['details'];
    if (jcsText(details) !== row.details) return null;
    const { seq, ts, event } = row;
    return { seq, ts, event, details, prev_digest: row.prev_digest as Digest, digest: row.digest as Digest };
  } catch {
    return null;
  }
}
