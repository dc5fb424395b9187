import { type ChainEvent, chainFault } from '@cap/tlog';
import { GrowingTree, storedHashCount, storedHashIndex, treeHash, treeHashIndexes } from '@cap/tlog/merkle';
import { type Digest, sha3Text } from '@cap/crypto';
import { jcsText, type JsonValue } from '@cap/core';
import type { EntryRow, EventRow, ListRow, ListWithdrawalRow, PolicyRow } from '../database/entities.js';
import type { SqlSession } from '../database/sql-database.js';
import { entryId, saltedDigest } from '../entry-id.js';
import type { Faults } from './faults.js';
import { pagesOf } from './paging.js';

/** The state that the events add up to. */
export interface LogState {
  head: ChainEvent | null;
  /** Status of each policy, by its hash. */
  policyStatus: Map<string, JsonValue | undefined>;
  /** First event of each epoch that started with one. */
  epochs: Map<number, number>;
  /** Entries under legal hold. */
  held: Set<string>;
  /** Since when each erased bundle is gone. */
  erased: Map<string, string>;
  /** The root of the tree of each requested size, if the log has as many events. */
  roots: Map<number, Buffer>;
}

/** The event that stored a row, and the table of the row. */
const TABLE_OF_EVENT: Readonly<Record<string, 'entries' | 'policies' | 'lists' | 'list_withdrawals'>> = {
  'entry.registered': 'entries',
  'policy.stored': 'policies',
  'list.stored': 'lists',
  'list.withdrawn': 'list_withdrawals',
};
type Row = (EntryRow | PolicyRow | ListRow | ListWithdrawalRow) & { log_index: number };

/**
 * Walks the log once, a page at a time, and checks the hash chain, the tree's stored hashes against those derived from the events,
 * and each row against the event that created it. Events never change, so a walk needs no transaction and can continue where an
 * earlier one reached the end of the log; only conclusions from the whole log need one state of the database.
 */
export class LogCheck {
  readonly #state: LogState = {
    head: null,
    policyStatus: new Map(),
    epochs: new Map(),
    held: new Set(),
    erased: new Map(),
    roots: new Map(),
  };
  readonly #wanted: Map<number, Buffer | null>;
  readonly #tree = new GrowingTree();
  #last: number | null = null;
  #broken = false;

  /** `sizes`: of the trees whose roots are needed. */
  constructor(
    private readonly sizes: readonly number[],
    private readonly faults: Faults,
  ) {
    this.#wanted = new Map(sizes.flatMap(treeHashIndexes).map((position) => [position, null]));
  }

  /** From where the last walk ended to the end of the log. */
  async walk(session: SqlSession): Promise<void> {
    const state = this.#state;
    for await (const rows of pagesOf(session, 'events', 'seq', this.#last)) {
      const from = state.head === null ? 0 : state.head.seq + 1;
      const events: ChainEvent[] = [];
      for (const row of rows) {
        const event = readEvent(row);
        const fault = faultOf(row, event, state.head);
        if (fault) this.faults.add(...fault);
        this.#broken ||= fault !== null;
        if (!event) continue;
        state.head = event;
        events.push(event);
        applyEvent(state, event);
      }
      this.#last = rows.at(-1)!.seq;
      await checkRows(session, { from, to: this.#last, events }, this.faults);
      // After a broken event every hash differs: reporting that event is enough.
      if (this.#broken) continue;
      const hashes = this.#tree.append(events);
      await checkHashes(session, hashes, this.#tree.size - events.length, this.#wanted, this.faults);
    }
  }

  /** The log as of the state that the session sees: walks what is new there, and reports what lies beyond the log. */
  async finish(session: SqlSession): Promise<LogState> {
    await this.walk(session);
    const state = this.#state;
    const { size } = this.#tree;
    if (!this.#broken) await reportStrayHashes(session, size, this.faults);
    await reportStrayRows(session, state, this.faults);
    const reader = { readHashes: (indexes: readonly number[]) => indexes.map((index) => this.#wanted.get(index)!) };
    if (!this.#broken) for (const each of this.sizes) if (each <= size) state.roots.set(each, treeHash(each, reader));
    return state;
  }
}

/** The place in the log that is wrong, and why. */
function faultOf(row: EventRow, event: ChainEvent | null, head: ChainEvent | null): [string, string] | null {
  const expected = head === null ? 0 : head.seq + 1;
  if (row.seq !== expected) return [`event ${expected}`, `missing; the next one is event ${row.seq}`];
  const fault = event ? chainFault(head, event) : 'its details are not canonical JSON';
  return fault === null ? null : [`event ${expected}`, fault];
}

/** The event of a row; null if its details are not canonical JSON. */
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

function applyEvent(state: LogState, { seq, ts, event, details }: ChainEvent): void {
  switch (event) {
    case 'policy.stored':
    case 'policy.status':
      state.policyStatus.set(String(details.policy_hash), details.status);
      break;
    case 'log.epoch':
      state.epochs.set(Number(details.epoch), seq);
      break;
    case 'entry.hold':
      state.held.add(String(details.entry_id));
      break;
    case 'entry.released':
      state.held.delete(String(details.entry_id));
      break;
    case 'bundle.erased':
      state.erased.set(String(details.bundle_id), ts);
  }
}

async function checkHashes(
  session: SqlSession,
  { firstIndex, hashes }: { firstIndex: number; hashes: readonly Buffer[] },
  firstEvent: number,
  wanted: Map<number, Buffer | null>,
  faults: Faults,
): Promise<void> {
  const rows = await session.all<{ position: number; hash: Uint8Array }>(
    'SELECT position, hash FROM log_hashes WHERE position >= ? AND position < ? ORDER BY position',
    [firstIndex, firstIndex + hashes.length],
  );
  const stored = new Map(rows.map(({ position, hash }) => [position, hash]));
  for (const [i, hash] of hashes.entries()) {
    const position = firstIndex + i;
    const found = stored.get(position);
    if (wanted.has(position)) wanted.set(position, hash);
    if (found && hash.equals(found)) continue;
    const event = storedBy(position, firstEvent);
    faults.add(
      `tree hash ${position}`,
      `${found ? 'is not the one that event' : 'is missing: the one that event'} ${event} completes`,
    );
  }
}

/** The event that stored the hash at a position: its own hash and those of the subtrees that it completes. */
function storedBy(position: number, firstEvent: number): number {
  let event = firstEvent;
  while (storedHashIndex(0, event + 1) <= position) event++;
  return event;
}

async function reportStrayHashes(session: SqlSession, size: number, faults: Faults): Promise<void> {
  const count = storedHashCount(size);
  const stray = await session.all<{ position: number }>(
    'SELECT position FROM log_hashes WHERE position < 0 OR position >= ? ORDER BY position LIMIT 10',
    [count],
  );
  for (const { position } of stray) faults.add(`tree hash ${position}`, `a tree of ${size} events has ${count} hashes`);
}

async function checkRows(
  session: SqlSession,
  { from, to, events }: { from: number; to: number; events: readonly ChainEvent[] },
  faults: Faults,
): Promise<void> {
  const byIndex = new Map(events.map((event) => [event.seq, event]));
  for (const [name, table] of Object.entries(TABLE_OF_EVENT)) {
    const rows = await session.all<Row>(
      `SELECT * FROM ${table} WHERE log_index >= ? AND log_index <= ? ORDER BY log_index`,
      [from, to],
    );
    for (const row of rows) checkRow(row, name, byIndex.get(row.log_index), faults);
    const made = new Set(rows.map((row) => row.log_index));
    for (const { seq, event } of events)
      if (event === name && !made.has(seq))
        faults.add(`event ${seq}`, `${name}: what it registered is not in ${table}`);
  }
}

function checkRow(row: Row, name: string, event: ChainEvent | undefined, faults: Faults): void {
  const object = nameOf(row);
  if (event?.event !== name) return faults.add(object, `event ${row.log_index} of the log is not its ${name}`);
  const { time, values } = contentOf(row, faults);
  if (event.ts !== time) faults.add(object, `its time is ${time}, event ${event.seq} says ${event.ts}`);
  for (const [key, said] of Object.entries(event.details)) {
    const value = values[key];
    if (value !== undefined && jcsText(value) !== jcsText(said))
      faults.add(
        object,
        `its ${key} is ${JSON.stringify(value)}, event ${event.seq} of the log says ${JSON.stringify(said)}`,
      );
  }
}

function nameOf(row: Row): string {
  if ('entry_id' in row) return `entry ${row.entry_id}`;
  if ('policy_id' in row) return `policy ${row.policy_id}`;
  return 'reason_salt' in row ? `withdrawal of list ${row.hash}` : `list ${row.hash}`;
}

/** The values that the event must repeat, and the row's time. Members that the event does not have are not compared. */
function contentOf(row: Row, faults: Faults): { time: string; values: Record<string, JsonValue | undefined> } {
  if ('entry_id' in row) {
    const { registered_at, company, company_salt, erased_at, legal_hold: _hold, log_index: _index, ...values } = row;
    if (entryId(row) !== row.entry_id) faults.add(nameOf(row), `its content gives the id ${entryId(row)}`);
    if ((company === null) !== (company_salt === null)) faults.add(nameOf(row), 'company and salt go together');
    if (erased_at !== null && company !== null) faults.add(nameOf(row), 'it was erased, but still names a company');
    const company_digest = company === null || company_salt === null ? null : saltedDigest(company, company_salt);
    // It can't be derived once the company is erased.
    return { time: registered_at, values: { ...values, ...(erased_at === null ? { company_digest } : {}) } };
  }
  if ('policy_id' in row) {
    const { created_at, document, status: _status, log_index: _index, ...values } = row;
    const hash = sha3Text(document);
    if (hash !== row.policy_hash)
      faults.add(nameOf(row), `its document has the hash ${hash}, the row says ${row.policy_hash}`);
    return { time: created_at, values };
  }
  if ('reason_salt' in row) {
    const { withdrawn_at, reason, reason_salt, hash, id } = row;
    return { time: withdrawn_at, values: { hash, id, reason_digest: saltedDigest(reason, reason_salt) } };
  }
  const { created_at, log_index: _index, unmatchable, ...values } = row;
  return { time: created_at, values: { ...values, unmatchable: parseColumn(unmatchable) } };
}

/** JSON in a text column. */
function parseColumn(value: unknown): JsonValue {
  if (typeof value !== 'string') return value as JsonValue;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}

/** Rows beyond the log, which no page of it covered. */
async function reportStrayRows(session: SqlSession, { head }: LogState, faults: Faults): Promise<void> {
  for (const [name, table] of Object.entries(TABLE_OF_EVENT))
    for (const row of await session.all<Row>(
      `SELECT * FROM ${table} WHERE log_index < 0 OR log_index > ? ORDER BY log_index LIMIT 10`,
      [head?.seq ?? -1],
    ))
      checkRow(row, name, undefined, faults);
}
