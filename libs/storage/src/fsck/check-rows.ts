import type { SqlSession } from '../database/sql-database.js';
import type { LogEpoch } from '../records.js';
import type { LogState } from './check-log.js';
import type { Faults } from './faults.js';
import { pagesOf } from './paging.js';

/** Checks what later events change: the status of policies, holds and erasures of entries, epochs. */
export async function checkState(session: SqlSession, log: LogState, faults: Faults): Promise<{ entries: number }> {
  await checkPolicies(session, log, faults);
  await checkEpochs(session, log, faults);
  return checkEntries(session, log, faults);
}

async function checkPolicies(session: SqlSession, { policyStatus }: LogState, faults: Faults): Promise<void> {
  for await (const rows of pagesOf(session, 'policies', 'log_index'))
    for (const { policy_hash, policy_id, status } of rows) {
      const logged = policyStatus.get(policy_hash);
      if (logged !== status)
        faults.add(`policy ${policy_id}`, `its status is ${status}, the log says ${String(logged)}`);
    }
}

async function checkEpochs(session: SqlSession, { epochs }: LogState, faults: Faults): Promise<void> {
  const rows = await session.all<LogEpoch>('SELECT epoch, first_index FROM epochs ORDER BY epoch');
  const stored = new Map(rows.map(({ epoch, first_index }) => [epoch, first_index]));
  for (const epoch of new Set([...epochs.keys(), ...stored.keys()])) {
    const [row, logged] = [stored.get(epoch) ?? 'nowhere', epochs.get(epoch) ?? 'nowhere'];
    if (row !== logged) faults.add(`epoch ${epoch}`, `begins ${row} by its row, ${logged} by the log`);
  }
}

async function checkEntries(
  session: SqlSession,
  { held, erased }: LogState,
  faults: Faults,
): Promise<{ entries: number }> {
  let entries = 0;
  let found = 0;
  for await (const rows of pagesOf(session, 'entries', 'log_index'))
    for (const { entry_id, bundle_id, legal_hold, erased_at } of rows) {
      entries++;
      const object = `entry ${entry_id}`;
      const hold = held.has(entry_id);
      if (hold) found++;
      if (legal_hold !== (hold ? 1 : 0))
        faults.add(object, `its legal_hold is ${legal_hold}, the log says that it is ${hold ? 'held' : 'not held'}`);
      const since = erased.get(bundle_id) ?? null;
      if (erased_at !== since) faults.add(object, `erased at ${erased_at}, the log says ${since}`);
    }
  if (found !== held.size) faults.add('log', `holds ${held.size} entries, ${found} of them are there`);
  return { entries };
}

const REFERENCES: readonly { table: string; key: string; refers: string; alsoFault: string }[] = [
  // What a row refers to must stay: an upload that can expire is as bad as one that is gone.
  { table: 'entries', key: 'log_index', refers: 'bundle_id', alsoFault: 'OR b.retain_until IS NOT NULL' },
  { table: 'lists', key: 'log_index', refers: 'blob_id', alsoFault: 'OR b.retain_until IS NOT NULL' },
  { table: 'idempotency_keys', key: 'key_id', refers: 'answer', alsoFault: '' },
];

/** Rows that refer to a BLOB that has no row, or that could be swept. */
export async function checkReferences(session: SqlSession, faults: Faults): Promise<void> {
  for (const { table, key, refers, alsoFault } of REFERENCES)
    for (const { id, blob } of await session.all<{ id: string | number; blob: string }>(
      `SELECT r.${key} AS id, r.${refers} AS blob FROM ${table} r LEFT JOIN blobs b ON b.blob_id = r.${refers}
       WHERE r.${refers} IS NOT NULL AND (b.blob_id IS NULL ${alsoFault}) ORDER BY r.${key} LIMIT 100`,
    ))
      faults.add('database', `${table} ${id} refers to BLOB ${blob}, which is not kept`);
}

export async function checkTotals(
  session: SqlSession,
  counted: { entries: number; blob_bytes: number },
  faults: Faults,
): Promise<void> {
  const [kept] = await session.all<typeof counted>('SELECT entries, blob_bytes FROM totals');
  for (const what of ['entries', 'blob_bytes'] as const)
    if (kept?.[what] !== counted[what])
      faults.add('database', `totals count ${kept?.[what]} ${what}, there are ${counted[what]}`);
}
