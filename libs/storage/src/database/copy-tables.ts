import { CapError } from '@cap/core';
import { type SqlDatabase, type SqlRow, type SqlSession, type SqlValue } from './sql-database.js';

/**
 * Everything that a registry's database holds, in an order in which no row refers to a later one, with the columns by which
 * the rows of a table are told apart. Leases of snapshots belong to a running service and are not copied.
 */
const TABLES: readonly { name: string; key: string; columns: readonly string[] }[] = [
  { name: 'events', key: 'seq', columns: ['seq', 'ts', 'event', 'details', 'prev_digest', 'digest'] },
  { name: 'log_hashes', key: 'position', columns: ['position', 'hash'] },
  { name: 'epochs', key: 'epoch', columns: ['epoch', 'first_index'] },
  { name: 'blobs', key: 'blob_id', columns: ['blob_id', 'size', 'retain_until', 'erased_at'] },
  {
    name: 'policies',
    key: 'log_index',
    columns: ['log_index', 'policy_hash', 'policy_id', 'format', 'id', 'version', 'status', 'document', 'created_at'],
  },
  {
    name: 'lists',
    key: 'log_index',
    columns: ['log_index', 'hash', 'id', 'kind', 'as_of', 'blob_id', 'size', 'entries', 'unmatchable', 'created_at'],
  },
  {
    name: 'list_withdrawals',
    key: 'log_index',
    columns: ['log_index', 'hash', 'id', 'reason', 'reason_salt', 'withdrawn_at'],
  },
  {
    name: 'entries',
    key: 'log_index',
    columns: [
      'log_index',
      'entry_id',
      'registered_at',
      'bundle_id',
      'manifest_hash',
      'proof_hash',
      'policy_hash',
      'result',
      'report_hash',
      'signer_kid',
      'company',
      'company_salt',
      'erased_at',
      'legal_hold',
    ],
  },
  {
    name: 'idempotency_keys',
    key: 'key_id',
    columns: ['key_id', 'request_digest', 'lease_id', 'lease_until', 'expires_at', 'status', 'answer'],
  },
];

const PAGE = 1_000;

/** Whether nothing was ever stored. */
export async function isEmpty(session: SqlSession): Promise<boolean> {
  for (const { name } of TABLES) if ((await session.all(`SELECT 1 FROM ${name} LIMIT 1`)).length > 0) return false;
  return true;
}

/** Copies every table into an empty database, in one transaction there. `from` must see one state throughout. */
export async function copyTables(
  from: SqlSession,
  into: Pick<SqlDatabase, 'write'>,
  onProgress: (rows: number) => void = () => undefined,
): Promise<void> {
  await into.write(async (to) => {
    if (!(await isEmpty(to))) throw new CapError('refused', 'migrate.not-empty', 'the database has rows already');
    let copied = 0;
    for (const { name, key, columns } of TABLES) {
      let after: SqlValue = null;
      for (;;) {
        const where: string = after === null ? '' : `WHERE ${key} > ?`;
        const rows: SqlRow[] = await from.all<SqlRow>(
          `SELECT ${columns.join(', ')} FROM ${name} ${where} ORDER BY ${key} LIMIT ${PAGE}`,
          after === null ? [] : [after],
        );
        if (rows.length === 0) break;
        await to.insert(name, rows);
        after = rows.at(-1)![key]!;
        onProgress((copied += rows.length));
      }
    }
    const [totals] = await from.all<SqlRow>('SELECT entries, blob_bytes FROM totals');
    await to.run('UPDATE totals SET entries = ?, blob_bytes = ?', [totals!.entries!, totals!.blob_bytes!]);
  });
}
